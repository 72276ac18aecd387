/// @file
/// Small classifiers with known weights, for tests. Each is a library model and offers the same functions one image at
/// a time (`scores(x)`, `vjp(x, v)`), the form that the oracles take.
///
///     oracle::linear_model<double> linear(3, 9);       // 3 classes, 9 pixels, weights from a fixed hash
///     oracle::smooth_mlp<double>   mlp(4, 12, 8);      // 4 classes, 12 pixels, 8 tanh units; twice differentiable
///     oracle::hashed_image<double>(9)                  // pixels in [0, 1], some at the bounds
///     oracle::score_only<...>, oracle::label_only<...> // the same model, behind a narrower door
///
/// Weights are multiples of 1/1024, so that float and double models are the same function up to rounding. A row's
/// answers are computed alone and in a fixed order: the same bits in every batch. A session throws std::logic_error if
/// it is asked beyond its contract (more rows than its capacity, wrong widths, a row that is not there).
#pragma once

#include <advx/concepts/model.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace oracle {

/// A weight in [−1, 1], a multiple of 1/1024: a pure function of its place.
template <class T>
T hashed_weight(std::uint32_t seed, std::size_t row, std::size_t col) {
  std::uint64_t h = seed * 0x9E3779B97F4A7C15u + row * 0xC2B2AE3D27D4EB4Fu + col * 0x165667B19E3779F9u + 1;
  for (int round = 0; round < 3; ++round) {
    h ^= h >> 31;
    h *= 0xD6E8FEB86659FD93u;
  }
  h ^= h >> 32;
  return static_cast<T>(static_cast<int>(h % 2049) - 1024) / T(1024);
}

/// An image in [0, 1], about a tenth of it exactly 0 and a tenth exactly 1.
template <class T>
std::vector<T> hashed_image(std::size_t size, std::uint32_t seed = 1) {
  std::vector<T> x(size);
  for (std::size_t i = 0; i < size; ++i)
    x[i] = std::clamp(T(0.5) + T(0.625) * hashed_weight<T>(seed, 1u << 20, i), T(0), T(1));
  return x;
}

/// Batched forward and pullback of a model that answers one image at a time through
/// `scores_into(x, z)` and `vjp_into(x, v, gradient)`.
template <class Model>
class row_by_row_session {
public:
  using T = typename Model::scalar;

  row_by_row_session(const Model& model, advx::index_t capacity) : model_(&model), capacity_(capacity) {}

  void forward(advx::batch_view<const T> images, advx::batch_view<T> scores) {
    expect(images.rows <= capacity_, "forward of more rows than the session's capacity");
    expect(images.cols == model_->input_size() && scores.cols == model_->class_count() && scores.rows == images.rows,
           "forward with wrong shapes");
    kept_.assign(images.data, images.data + images.size());
    for (advx::index_t i = 0; i < images.rows; ++i) model_->scores_into(images.row(i), scores.row(i));
  }

  void pullback(std::span<const advx::index_t> rows, advx::batch_view<const T> cotangent,
                advx::batch_view<T> gradient) {
    const auto count = static_cast<advx::index_t>(rows.size());
    expect(cotangent.rows == count && gradient.rows == count && cotangent.cols == model_->class_count() &&
               gradient.cols == model_->input_size(),
           "pullback with wrong shapes");
    const auto kept_rows = static_cast<advx::index_t>(kept_.size()) / model_->input_size();
    for (advx::index_t i = 0; i < count; ++i) {
      const advx::index_t row = rows[static_cast<std::size_t>(i)];
      expect(row >= 0 && row < kept_rows, "pullback of a row that the last forward did not have");
      model_->vjp_into(kept_.data() + row * model_->input_size(), cotangent.row(i), gradient.row(i));
    }
  }

private:
  static void expect(bool holds, const char* otherwise) {
    if (!holds) throw std::logic_error(otherwise);
  }

  const Model* model_;
  advx::index_t capacity_;
  std::vector<T> kept_;
};

/// What every model here shares; `Model` gives the four functions on pointers and its sizes.
template <class Model, class T>
struct small_model {
  using scalar = T;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;

  std::vector<T> scores(const std::vector<T>& x) const {
    std::vector<T> z(static_cast<std::size_t>(self().class_count()));
    self().scores_into(x.data(), z.data());
    return z;
  }
  /// Jᵀv at x.
  std::vector<T> vjp(const std::vector<T>& x, const std::vector<T>& v) const {
    std::vector<T> gradient(static_cast<std::size_t>(self().input_size()));
    self().vjp_into(x.data(), v.data(), gradient.data());
    return gradient;
  }
  /// The first of the highest scores.
  advx::label_t label(const std::vector<T>& x) const {
    const std::vector<T> z = scores(x);
    return static_cast<advx::label_t>(std::max_element(z.begin(), z.end()) - z.begin());
  }
  template <class Backend>
  auto session(Backend&, advx::index_t capacity) const {
    return row_by_row_session<Model>(self(), capacity);
  }

private:
  const Model& self() const { return static_cast<const Model&>(*this); }
};

/// A dense layer: out = W in + b, and its transpose.
template <class T>
struct dense_weights {
  std::vector<std::vector<T>> rows;
  std::vector<T> bias;

  dense_weights() = default;
  dense_weights(std::vector<std::vector<T>> w, std::vector<T> b) : rows(std::move(w)), bias(std::move(b)) {}
  dense_weights(std::uint32_t seed, std::size_t outputs, std::size_t inputs) : rows(outputs), bias(outputs) {
    for (std::size_t r = 0; r < outputs; ++r) {
      for (std::size_t c = 0; c < inputs; ++c) rows[r].push_back(hashed_weight<T>(seed, r, c));
      bias[r] = hashed_weight<T>(seed, r, inputs) / 4;
    }
  }

  void apply(const T* in, T* out) const {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      T sum = bias[r];
      for (std::size_t c = 0; c < rows[r].size(); ++c) sum += rows[r][c] * in[c];
      out[r] = sum;
    }
  }
  void apply_transposed(const T* v, T* out) const {
    for (std::size_t c = 0; c < rows[0].size(); ++c) {
      T sum = 0;
      for (std::size_t r = 0; r < rows.size(); ++r) sum += rows[r][c] * v[r];
      out[c] = sum;
    }
  }
};

/// z = W x + b. Weights given, or hashed from `seed`.
template <class T>
struct linear_model : small_model<linear_model<T>, T> {
  dense_weights<T> layer;

  linear_model(std::size_t classes, std::size_t inputs, std::uint32_t seed = 1) : layer(seed, classes, inputs) {}
  linear_model(std::vector<std::vector<T>> rows, std::vector<T> bias) : layer(std::move(rows), std::move(bias)) {}

  advx::index_t input_size() const { return static_cast<advx::index_t>(layer.rows[0].size()); }
  advx::index_t class_count() const { return static_cast<advx::index_t>(layer.rows.size()); }
  void scores_into(const T* x, T* z) const { layer.apply(x, z); }
  void vjp_into(const T*, const T* v, T* gradient) const { layer.apply_transposed(v, gradient); }
};

/// z = U tanh(V x + a) + b: smooth, not convex. Weights hashed from `seed`.
template <class T>
struct smooth_mlp : small_model<smooth_mlp<T>, T> {
  dense_weights<T> first, second;

  smooth_mlp(std::size_t classes, std::size_t inputs, std::size_t hidden, std::uint32_t seed = 1)
      : first(seed, hidden, inputs),
        second(seed + 1000, classes, hidden) {}

  advx::index_t input_size() const { return static_cast<advx::index_t>(first.rows[0].size()); }
  advx::index_t class_count() const { return static_cast<advx::index_t>(second.rows.size()); }
  void scores_into(const T* x, T* z) const { second.apply(hidden(x).data(), z); }
  void vjp_into(const T* x, const T* v, T* gradient) const {
    const std::vector<T> h = hidden(x);
    std::vector<T> back(h.size());
    second.apply_transposed(v, back.data());
    for (std::size_t i = 0; i < h.size(); ++i) back[i] *= 1 - h[i] * h[i];
    first.apply_transposed(back.data(), gradient);
  }

private:
  std::vector<T> hidden(const T* x) const {
    std::vector<T> h(first.rows.size());
    first.apply(x, h.data());
    for (T& value : h) value = std::tanh(value);
    return h;
  }
};

/// Only answers scores: no pullback.
template <class Model>
struct score_only {
  using scalar = typename Model::scalar;
  static constexpr advx::score_scale scale = Model::scale;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;
  Model model;

  advx::index_t input_size() const { return model.input_size(); }
  advx::index_t class_count() const { return model.class_count(); }
  template <class Backend>
  auto session(Backend&, advx::index_t capacity) const {
    struct narrow {
      row_by_row_session<Model> wide;
      void forward(advx::batch_view<const scalar> images, advx::batch_view<scalar> scores) {
        wide.forward(images, scores);
      }
    };
    return narrow{{model, capacity}};
  }
};
template <class Model>
score_only(Model) -> score_only<Model>;

/// Only decides: no scores.
template <class Model>
struct label_only {
  using scalar = typename Model::scalar;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;
  Model model;

  advx::index_t input_size() const { return model.input_size(); }
  advx::index_t class_count() const { return model.class_count(); }
  template <class Backend>
  auto session(Backend&, advx::index_t capacity) const {
    struct narrow {
      row_by_row_session<Model> wide;
      advx::index_t classes;
      std::vector<scalar> scores{};
      void labels(advx::batch_view<const scalar> images, std::span<advx::label_t> out) {
        if (static_cast<advx::index_t>(out.size()) != images.rows)
          throw std::logic_error("labels with another number of rows than images");
        scores.resize(static_cast<std::size_t>(images.rows * classes));
        wide.forward(images, {scores.data(), images.rows, classes});
        for (advx::index_t i = 0; i < images.rows; ++i) {
          const scalar* z = scores.data() + i * classes;
          out[static_cast<std::size_t>(i)] = static_cast<advx::label_t>(std::max_element(z, z + classes) - z);
        }
      }
    };
    return narrow{{model, capacity}, class_count()};
  }
};
template <class Model>
label_only(Model) -> label_only<Model>;

} // namespace oracle
