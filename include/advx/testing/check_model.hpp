/// @file
/// Does a model keep its contract, and has a row of its answers the same bits in every batch?
#pragma once

#include <advx/backend/reference/reference.hpp>
#include <advx/concepts/explain.hpp>
#include <advx/core/batch.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/testing/report.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace advx::testing {

/// What check_model tries.
struct model_trial {
  double lower = 0; ///< images are uniform in [lower, upper]
  double upper = 1;
  std::uint64_t seed = 1;
  std::vector<index_t> batches = {1, 2, 3, 7, 16, 33, 64, 100}; ///< rows of a pass; the largest is the number of images
};

namespace detail {

/// A batch with a guard row on each end, so that a write outside is seen.
template <class T>
class guarded_batch {
public:
  guarded_batch(index_t rows, index_t cols) : rows_(rows), cols_(cols) {
    values_.assign(static_cast<std::size_t>((rows + 2) * cols), guard);
  }
  batch_view<T> view() { return {values_.data() + cols_, rows_, cols_}; }
  bool guards_hold() const {
    const auto is_guard = [](T v) { return v == guard; };
    return std::all_of(values_.begin(), values_.begin() + cols_, is_guard) &&
           std::all_of(values_.end() - cols_, values_.end(), is_guard);
  }

private:
  static constexpr T guard = T(-12345.5);
  index_t rows_, cols_;
  std::vector<T> values_;
};

/// Compares a model's answers with those that it gives to each image alone.
template <class Model, class Backend>
class model_checker {
  using T = scalar_of<Model>;
  static constexpr bool scored = score_model<Model, Backend>;
  static constexpr bool differentiable = differentiable_model<Model, Backend>;

public:
  model_checker(const Model& model, Backend& backend, const model_trial& trial)
      : model_(model),
        backend_(backend),
        count_(*std::max_element(trial.batches.begin(), trial.batches.end())),
        images_(count_, model.input_size()),
        cotangents_(count_, model.class_count()),
        scores_(count_, model.class_count()),
        gradients_(count_, model.input_size()),
        labels_(static_cast<std::size_t>(count_), no_label) {
    for (index_t i = 0; i < count_; ++i) {
      const kernel::random_stream pixels{trial.seed, static_cast<std::uint32_t>(i), 0};
      const kernel::random_stream pulls{trial.seed, static_cast<std::uint32_t>(i), 1};
      for (index_t j = 0; j < images_.cols(); ++j)
        images_.row(i)[j] = static_cast<T>(trial.lower + (trial.upper - trial.lower) * pixels.uniform<double>(j));
      for (index_t j = 0; j < cotangents_.cols(); ++j)
        cotangents_.row(i)[j] = static_cast<T>(2 * pulls.uniform<double>(j) - 1);
    }
  }

  report run(const model_trial& trial) {
    alone();
    std::vector<index_t> order(static_cast<std::size_t>(count_));
    std::iota(order.begin(), order.end(), index_t{0});
    for (const index_t n : trial.batches) {
      passes(result_, order, n, n, "in batches of " + std::to_string(n));
      if (n < count_) passes(result_, order, n, count_, "in batches of " + std::to_string(n) + " of a larger session");
    }
    // 37 and the number of images need no common divisor for this to be a permutation of them.
    std::stable_sort(order.begin(), order.end(), [](index_t a, index_t b) { return a * 37 % 101 < b * 37 % 101; });
    passes(result_, order, count_, count_, "in another order");
    subsets();
    if constexpr (is_concurrent<Model>) threads(order);
    return result_;
  }

private:
  auto open(index_t capacity) const { return model_.session(backend_, capacity); }

  static std::string differs(const char* what, index_t image, index_t at, double is, double must,
                             const std::string& how) {
    return std::string(what) + ' ' + std::to_string(at) + " of image " + std::to_string(image) + " is " + exactly(is) +
           ' ' + how + ", and " + exactly(must) + " alone";
  }
  static bool same_bits(const T& a, const T& b) { return std::memcmp(&a, &b, sizeof(T)) == 0; }
  bool same_row(report& r, const char* what, index_t image, const T* is, const T* must, index_t n,
                const std::string& how) const {
    for (index_t j = 0; j < n; ++j)
      if (!r.expect(same_bits(is[j], must[j]), [&] { return differs(what, image, j, is[j], must[j], how); }))
        return false;
    return true;
  }
  bool finite_row(const char* what, index_t image, const T* v, index_t n) {
    for (index_t j = 0; j < n; ++j)
      if (!result_.expect(kernel::is_finite(v[j]), [&] {
            return std::string(what) + ' ' + std::to_string(j) + " of image " + std::to_string(image) + " is " +
                   exactly(v[j]);
          }))
        return false;
    return true;
  }

  /// The answers to compare with: each image in a session of its own.
  void alone() {
    for (index_t i = 0; i < count_; ++i) {
      auto session = open(1);
      const batch<T> x = gather(images_, std::span(&i, 1)), before = x;
      if constexpr (scored) {
        session.forward(x.view(), scores_.view().slice(i, 1));
        finite_row("score", i, scores_.row(i), scores_.cols());
        if constexpr (differentiable) {
          const index_t first = 0;
          session.pullback(std::span(&first, 1), cotangents_.view().as_const().slice(i, 1),
                           gradients_.view().slice(i, 1));
          finite_row("gradient", i, gradients_.row(i), gradients_.cols());
        }
      } else {
        label_t& label = labels_[static_cast<std::size_t>(i)];
        session.labels(x.view(), std::span(&label, 1));
        result_.expect(label >= 0 && label < model_.class_count(), [&] {
          return "the label of image " + std::to_string(i) + " is " + std::to_string(label) + ", of " +
                 std::to_string(model_.class_count()) + " classes";
        });
      }
      result_.expect(x == before, [&] { return "a pass changes its images, alone"; });
    }
  }

  /// All images in the given order, `rows` at a time, through one session.
  void passes(report& r, const std::vector<index_t>& order, index_t rows, index_t capacity,
              const std::string& how) const {
    auto session = open(capacity);
    passes(r, session, order, rows, how);
  }
  template <class Session>
  void passes(report& r, Session& session, const std::vector<index_t>& order, index_t rows,
              const std::string& how) const {
    for (index_t first = 0; first < count_ && r.fault.empty(); first += rows) {
      const std::span<const index_t> chosen = std::span(order).subspan(
          static_cast<std::size_t>(first), static_cast<std::size_t>(std::min(rows, count_ - first)));
      if (!pass(r, session, chosen, how)) return;
    }
  }

  template <class Session>
  bool pass(report& r, Session& session, std::span<const index_t> chosen, const std::string& how) const {
    const auto n = static_cast<index_t>(chosen.size());
    const batch<T> x = gather(images_, chosen), before = x;
    if constexpr (scored) {
      guarded_batch<T> z(n, scores_.cols());
      session.forward(x.view(), z.view());
      if (!r.expect(z.guards_hold(), [&] { return "forward writes outside of its scores " + how; })) return false;
      for (index_t i = 0; i < n; ++i)
        if (const index_t image = chosen[std::size_t(i)];
            !same_row(r, "score", image, z.view().row(i), scores_.row(image), scores_.cols(), how))
          return false;
      if constexpr (differentiable) {
        std::vector<index_t> rows(chosen.size());
        std::iota(rows.begin(), rows.end(), index_t{0});
        if (!pull(r, session, chosen, rows, how)) return false;
      }
    } else {
      std::vector<label_t> labels(chosen.size());
      session.labels(x.view(), labels);
      for (std::size_t i = 0; i < chosen.size(); ++i)
        if (const label_t must = labels_[static_cast<std::size_t>(chosen[i])];
            !r.expect(labels[i] == must, [&] { return differs("label", chosen[i], 0, labels[i], must, how); }))
          return false;
    }
    return r.expect(x == before, [&] { return "a pass changes its images " + how; });
  }

  /// Pulls back `rows` of the last pass, whose row i is the image `chosen[i]`.
  template <class Session>
  bool pull(report& r, Session& session, std::span<const index_t> chosen, const std::vector<index_t>& rows,
            const std::string& how) const {
    std::vector<index_t> images;
    for (const index_t row : rows) images.push_back(chosen[static_cast<std::size_t>(row)]);
    const batch<T> v = gather(cotangents_, images);
    guarded_batch<T> g(static_cast<index_t>(rows.size()), gradients_.cols());
    session.pullback(rows, v.view(), g.view());
    if (!r.expect(g.guards_hold(), [&] { return "pullback writes outside of its gradient " + how; })) return false;
    for (std::size_t i = 0; i < images.size(); ++i)
      if (!same_row(r, "gradient", images[i], g.view().row(static_cast<index_t>(i)), gradients_.row(images[i]),
                    gradients_.cols(), how))
        return false;
    return true;
  }

  /// Several pullbacks of one forward: every third row backwards, one row, one row twice, none.
  void subsets() {
    if constexpr (differentiable) {
      auto session = open(count_);
      std::vector<index_t> all(static_cast<std::size_t>(count_));
      std::iota(all.begin(), all.end(), index_t{0});
      guarded_batch<T> z(count_, scores_.cols());
      session.forward(images_.view().as_const(), z.view());
      std::vector<index_t> thirds;
      for (index_t i = count_ - 1; i >= 0; i -= 3) thirds.push_back(i);
      pull(result_, session, all, thirds, "pulled back with every third row");
      pull(result_, session, all, {count_ / 2}, "pulled back alone, second");
      pull(result_, session, all, std::vector<index_t>(static_cast<std::size_t>(std::min<index_t>(count_, 4)), 0),
           "pulled back several times at once");
      pull(result_, session, all, {}, "pulled back with no row");
      pull(result_, session, all, all, "pulled back again after others");
    }
  }

  void threads(const std::vector<index_t>& order) {
    report each[2];
    std::atomic<int> opened{0};
    const auto work = [&](report& r) {
      try {
        auto session = open(count_);
        // Nobody starts before both sessions are open.
        for (++opened; opened < 2;) std::this_thread::yield();
        for (const index_t n : {count_, index_t{1}, count_ / 2 + 1})
          passes(r, session, order, n, "on two threads, in batches of " + std::to_string(n));
      } catch (const std::exception& e) {
        opened = 2;
        r.fault = std::string("on two threads: ") + e.what();
      }
    };
    std::thread other([&] { work(each[1]); });
    work(each[0]);
    other.join();
    for (const report& r : each) {
      result_.checks += r.checks;
      if (result_.fault.empty()) result_.fault = r.fault;
    }
  }

  static batch<T> gather(const batch<T>& from, std::span<const index_t> rows) {
    batch<T> to(static_cast<index_t>(rows.size()), from.cols());
    for (index_t i = 0; i < to.rows(); ++i)
      std::copy_n(from.row(rows[static_cast<std::size_t>(i)]), from.cols(), to.row(i));
    return to;
  }

  const Model& model_;
  Backend& backend_;
  index_t count_;
  batch<T> images_, cotangents_, scores_, gradients_;
  std::vector<label_t> labels_;
  report result_;
};

} // namespace detail

/// Row invariance: has row i of scores and gradients the same bits alone, in batches of every size of the trial, in
/// another order, in subsets pulled back, and (if the model says that it is `concurrent`) on two threads? Also: answers
/// are finite, passes write inside their outputs and leave their images alone.
///
/// A model that passes may say `static constexpr bool row_invariant = true`: its images' results then do not depend on
/// batch or threads. A model that fails still works: its passes are padded to one size.
///
///     const auto r = advx::testing::check_model(model);
///     if (!r) std::puts(r.fault.c_str());   // "score 3 of image 5 is 1.25 in batches of 7, and 1.2500001 alone"
///
/// Costs about 20 forward passes and pullbacks of 100 images. For host backends.
template <class Model, class Backend = backend::reference>
report check_model(const Model& model, const model_trial& trial = {}, Backend backend = {}) {
  static_assert(::advx::detail::require_labels<Model, Backend>::value);
  return detail::model_checker<Model, Backend>(model, backend, trial).run(trial);
}

} // namespace advx::testing
