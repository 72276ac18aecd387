/// @file
/// Several models that answer as one.
#pragma once

#include <advx/kernel/math.hpp>
#include <advx/model/adaptor.hpp>

#include <limits>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace advx::model {

/// What an ensemble takes the mean of.
enum class mean_of {
  scores,        ///< of the members' scores, which must have one scale
  probabilities, ///< of the members' probabilities; the ensemble answers the logarithm of the mean
};
template <mean_of Mean>
struct mean_of_type {};
/// Asks an ensemble for the mean of probabilities.
inline constexpr mean_of_type<mean_of::probabilities> mean_of_probabilities{};

/// The mean of several models over the same images and classes. Differentiable if all of them are.
///
///     model::ensemble net{a, b, c};                             // mean of the members' scores
///     model::ensemble net{model::mean_of_probabilities, a, b};  // log of the mean of softmax(a), softmax(b)
///
/// A mean of log-probabilities is no longer normalised, so its scale is logits. `Models` may be reference types.
template <mean_of Mean, class... Models>
class ensemble {
  static constexpr std::size_t count = sizeof...(Models);
  static_assert(count > 0, "advx: model::ensemble needs at least one model");
  using first_type = std::tuple_element_t<0, std::tuple<Models...>>;

public:
  using scalar = scalar_of<first_type>;
  static_assert((std::is_same_v<scalar, scalar_of<Models>> && ...),
                "advx: model::ensemble: the models differ in their scalar (float or double)");
  static_assert(
      requires { (std::remove_cvref_t<Models>::scale, ...); },
      "advx: model::ensemble needs models that answer scores, each with `static constexpr score_scale scale`");

private:
  static constexpr score_scale first_scale = std::remove_cvref_t<first_type>::scale;
  static_assert(Mean == mean_of::probabilities || ((std::remove_cvref_t<Models>::scale == first_scale) && ...),
                "advx: model::ensemble: the models' scores differ in scale; use model::mean_of_probabilities");

public:
  static constexpr score_scale scale = Mean == mean_of::probabilities              ? score_scale::log_probabilities
                                       : first_scale == score_scale::probabilities ? score_scale::probabilities
                                                                                   : score_scale::logits;
  static constexpr bool concurrent = (is_concurrent<Models> && ...);
  static constexpr bool row_invariant = (is_row_invariant<Models> && ...);

  /// @throws argument_error where sizes differ
  explicit ensemble(Models... models) requires(Mean == mean_of::scores) : models_(std::forward<Models>(models)...) {
    check();
  }
  explicit ensemble(mean_of_type<Mean>, Models... models) : models_(std::forward<Models>(models)...) { check(); }

  index_t input_size() const { return std::get<0>(models_).input_size(); }
  index_t class_count() const { return std::get<0>(models_).class_count(); }

  template <class Backend>
  class session_type {
    static constexpr bool differentiable =
        (::advx::detail::answers_gradients<session_of<Models, Backend>, scalar> && ...);
    static constexpr bool through_probabilities = Mean == mean_of::probabilities;

  public:
    static constexpr bool row_invariant = (is_row_invariant_on<Models, Backend> && ...);

    session_type(const ensemble& model, Backend& backend, index_t capacity)
        : sessions_(std::apply(
              [&](const auto&... m) {
                return std::tuple<session_of<Models, Backend>...>(m.session(backend, capacity)...);
              },
              model.models_)),
          team_(backend.team()),
          size_(model.input_size()),
          classes_(model.class_count()),
          capacity_(capacity),
          scores_(backend.template allocate<scalar>(static_cast<index_t>(count) * capacity * classes_)),
          mean_(backend.template allocate<scalar>(capacity * classes_)),
          cotangents_(backend.template allocate<scalar>(capacity * classes_)),
          gradients_(backend.template allocate<scalar>(capacity * size_)) {}

    void forward(batch_view<const scalar> images, batch_view<scalar> scores) {
      detail::require_room("model::ensemble", images.rows, capacity_);
      each_member([&]<std::size_t M>(auto& session) {
        const batch_view<scalar> own{member_row(M, 0), images.rows, classes_};
        session.forward(images, own);
        if constexpr (through_probabilities)
          for (index_t i = 0; i < images.rows; ++i) to_log_probabilities<M>(own.row(i));
      });
      for (index_t i = 0; i < images.rows; ++i) combine(i, scores.row(i));
    }

    void pullback(std::span<const index_t> rows, batch_view<const scalar> cotangent,
                  batch_view<scalar> gradient) requires differentiable {
      const auto n = static_cast<index_t>(rows.size());
      detail::require_room("model::ensemble", n, capacity_);
      each_member([&]<std::size_t M>(auto& session) {
        for (index_t i = 0; i < n; ++i)
          member_cotangent<M>(rows[static_cast<std::size_t>(i)], cotangent.row(i), cotangents_.data() + i * classes_);
        const batch_view<scalar> own{M == 0 ? gradient.data : gradients_.data(), n, size_};
        session.pullback(rows, {cotangents_.data(), n, classes_}, own);
        if constexpr (M > 0)
          team_.each(own.size(), [from = own.data, to = gradient.data](index_t j) { to[j] += from[j]; });
      });
    }

  private:
    template <class F>
    void each_member(const F& f) {
      [&]<std::size_t... M>(std::index_sequence<M...>) { (f.template operator()<M>(std::get<M>(sessions_)), ...); }
      (std::make_index_sequence<count>{});
    }
    scalar* member_row(std::size_t m, index_t row) {
      return scores_.data() + (static_cast<index_t>(m) * capacity_ + row) * classes_;
    }

    /// log Σ exp f(j), stably.
    template <class F>
    static scalar log_sum_exp(index_t n, F f) {
      scalar top = f(0);
      for (index_t j = 1; j < n; ++j) top = kernel::maximum(top, f(j));
      scalar sum = 0;
      for (index_t j = 0; j < n; ++j) sum += kernel::exp(f(j) - top);
      return top + kernel::log(sum);
    }

    template <std::size_t M>
    static constexpr score_scale scale_of = std::remove_cvref_t<std::tuple_element_t<M, std::tuple<Models...>>>::scale;
    /// Below it a probability is taken as this: its logarithm must be finite.
    static constexpr scalar least_probability = std::numeric_limits<scalar>::min();

    template <std::size_t M>
    void to_log_probabilities(scalar* z) const {
      if constexpr (scale_of<M> == score_scale::logits) {
        const scalar total = log_sum_exp(classes_, [z](index_t j) { return z[j]; });
        team_.each(classes_, [=](index_t j) { z[j] -= total; });
      } else if constexpr (scale_of<M> == score_scale::probabilities) {
        team_.each(classes_, [=](index_t j) { z[j] = kernel::log(kernel::maximum(z[j], least_probability)); });
      }
    }

    void combine(index_t row, scalar* out) {
      const scalar* first = member_row(0, row);
      const index_t stride = capacity_ * classes_;
      scalar* mean = mean_.data() + row * classes_;
      team_.each(classes_, [=](index_t j) {
        if constexpr (through_probabilities) {
          const scalar total = log_sum_exp(index_t{count}, [=](index_t m) { return first[m * stride + j]; });
          mean[j] = total - kernel::log(scalar(count));
        } else {
          scalar sum = 0;
          for (index_t m = 0; m < index_t{count}; ++m) sum += first[m * stride + j];
          mean[j] = sum / scalar(count);
        }
        out[j] = mean[j];
      });
    }

    /// What member M is asked to pull back for `cotangent` v of the ensemble's row.
    template <std::size_t M>
    void member_cotangent(index_t row, const scalar* v, scalar* out) {
      constexpr scalar share = scalar(1) / scalar(count);
      if constexpr (!through_probabilities) {
        team_.each(classes_, [=](index_t j) { out[j] = share * v[j]; });
      } else {
        const scalar *own = member_row(M, row), *mean = mean_.data() + row * classes_;
        if constexpr (scale_of<M> == score_scale::probabilities) {
          // ∂ log mean / ∂ p = 1 / (count · mean).
          team_.each(classes_, [=](index_t j) { out[j] = share * v[j] * kernel::exp(-mean[j]); });
        } else {
          // ∂ log mean / ∂ log p = p / (count · mean), the member's part of the mean. In two steps: in a difference of
          // two products the compiler may fuse either one, and not the same one everywhere.
          team_.each(classes_, [=](index_t j) { out[j] = share * v[j] * kernel::exp(own[j] - mean[j]); });
          if constexpr (scale_of<M> == score_scale::logits) {
            const scalar total = team_.template sum<scalar>(classes_, [=](index_t j) { return out[j]; });
            team_.each(classes_, [=](index_t j) { out[j] -= kernel::exp(own[j]) * total; });
          }
        }
      }
    }

    std::tuple<session_of<Models, Backend>...> sessions_;
    decltype(std::declval<Backend&>().team()) team_;
    index_t size_, classes_, capacity_;
    typename Backend::template buffer<scalar> scores_, mean_, cotangents_, gradients_;
  };

  template <class Backend>
  session_type<Backend> session(Backend& backend, index_t capacity) const {
    detail::require_host_memory<Backend>();
    return {*this, backend, capacity};
  }

private:
  void check() const {
    index_t member = 0;
    const auto same = [&](const char* what, index_t is, index_t must) {
      if (is != must)
        throw argument_error("advx: model::ensemble: " + std::string(what) + " of model " + std::to_string(member) +
                             " is " + std::to_string(is) + ", that of the first one " + std::to_string(must) +
                             "; all must agree");
    };
    std::apply(
        [&](const auto&... m) {
          ((same("input_size()", m.input_size(), input_size()), same("class_count()", m.class_count(), class_count()),
            ++member),
           ...);
        },
        models_);
  }

  std::tuple<Models...> models_;
};
template <class... Models>
ensemble(Models...) -> ensemble<mean_of::scores, Models...>;
template <mean_of Mean, class... Models>
ensemble(mean_of_type<Mean>, Models...) -> ensemble<Mean, Models...>;

} // namespace advx::model
