/// @file
/// Networks on the host systems of backend::thrust, with the very kernels of backend::xtensor: scores and gradients
/// have the same bits. thrust<system::omp> divides each pass among OpenMP's threads. It needs the libraries of the
/// CMake target advx::nn_thrust.
#pragma once

#include <advx/backend/thrust/host.hpp>
#include <advx/nn/blas.hpp>
#include <advx/nn/pass_limits.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace advx::nn {

/// One session a thread. The images of a pass are dealt out in strips, in turn, so that all threads have work in a
/// pullback of the first rows, too. A row has the bits that it has in any other batch: nothing depends on the number of
/// threads.
template <class Backend, class Session>
class divided_session {
public:
  /// `open(rows)` opens a thread's session. @throws argument_error for a capacity below 1
  template <class Open>
  divided_session(const Backend& backend, detail::pass_limits sizes, index_t threads, const Open& open)
      : backend_(backend),
        limits_(sizes),
        threads_(std::clamp<index_t>(threads, 1, limits_.capacity)) {
    const index_t rows = divided_up(limits_.capacity, threads_) + strips_each(limits_.capacity);
    parts_.reserve(static_cast<std::size_t>(threads_));
    for (index_t t = 0; t < threads_; ++t)
      parts_.push_back({open(rows), std::vector<index_t>(static_cast<std::size_t>(rows)), nullptr});
  }

  /// As network_session's.
  template <class T>
  void forward(batch_view<const T> images, batch_view<T> scores) {
    limits_.begin_forward(images, scores);
    strip_ = std::max<index_t>(1, divided_up(images.rows, threads_ * strips_each(images.rows)));
    for_each_part([&](part& mine, index_t t) {
      for_each_strip(t, images.rows, [&](index_t first, index_t count, index_t own_first) {
        const auto x = images.slice(first, count);
        const auto z = scores.slice(first, count);
        if (own_first == 0)
          mine.session.forward(x, z);
        else
          mine.session.forward_more(x, z);
      });
    });
  }

  /// As network_session's. Rows in no order cost more.
  template <class T>
  void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) {
    limits_.check_pullback(rows, cotangent, gradient);
    const auto count = static_cast<index_t>(rows.size());
    const auto pull = [&](part& mine, index_t first, index_t n) {
      mine.session.pullback({mine.rows.data(), static_cast<std::size_t>(n)}, cotangent.slice(first, n),
                            gradient.slice(first, n));
    };
    bool in_order = true;
    for (index_t i = 0; i < count; ++i) in_order = in_order && rows[static_cast<std::size_t>(i)] == i;
    if (in_order)
      return for_each_part([&](part& mine, index_t t) {
        for_each_strip(t, count, [&](index_t first, index_t n, index_t own_first) {
          for (index_t i = 0; i < n; ++i) mine.rows[static_cast<std::size_t>(i)] = own_first + i;
          pull(mine, first, n);
        });
      });
    for_each_part([&](part& mine, index_t t) {
      index_t run = 0; // neighbours that this thread can answer in one call
      for (index_t i = 0; i <= count; ++i) {
        const index_t row = i < count ? rows[static_cast<std::size_t>(i)] : 0, strip = row / strip_;
        const bool is_mine = i < count && strip % threads_ == t;
        if (run > 0 && (!is_mine || run == static_cast<index_t>(mine.rows.size()))) {
          pull(mine, i - run, run);
          run = 0;
        }
        if (is_mine) mine.rows[static_cast<std::size_t>(run++)] = strip / threads_ * strip_ + row % strip_;
      }
    });
  }

private:
  struct part {
    Session session;
    std::vector<index_t> rows;
    std::exception_ptr fault;
  };

  static constexpr index_t divided_up(index_t a, index_t b) noexcept { return (a + b - 1) / b; }

  /// Strips that each thread has of a pass of n images: one for few images, then two, and more where a strip would be
  /// more than a session computes at once.
  index_t strips_each(index_t n) const noexcept {
    constexpr index_t few = 8, many = 32;
    return std::max<index_t>(n >= 2 * few * threads_ ? 2 : 1, divided_up(n, many * threads_));
  }

  /// Calls f(first image, images, row of thread t's session) for each strip of thread t among the first n images.
  template <class F>
  void for_each_strip(index_t t, index_t n, const F& f) const {
    for (index_t first = t * strip_, own = 0; first < n; first += threads_ * strip_, own += strip_)
      f(first, std::min(strip_, n - first), own);
  }

  /// Calls f(part, thread) for each part on a thread of its own.
  template <class F>
  void for_each_part(const F& f) {
    backend_.long_rows(threads_, [&](const auto&, index_t t) {
      part& mine = parts_[static_cast<std::size_t>(t)];
      try {
        f(mine, t);
      } catch (...) { // no exception may leave a thread
        mine.fault = std::current_exception();
      }
    });
    for (part& p : parts_)
      if (p.fault) std::rethrow_exception(std::exchange(p.fault, nullptr));
  }

  Backend backend_;
  detail::pass_limits limits_;
  index_t threads_;
  index_t strip_ = 1; ///< images of a strip in the last forward
  std::vector<part> parts_;
};

namespace detail {

/// What the host systems share.
template <class System>
struct thrust_opener {
  using backend_type = backend::thrust<System>;

  /// One thread's session, the one of backend::xtensor itself.
  template <class Network>
  static auto session(const backend_type&, const Network& network, index_t capacity) {
    return network.template open<kernels<backend::xtensor>, false>(capacity);
  }
  template <class Network>
  static auto training_session(const backend_type&, const Network& network, index_t capacity) {
    return network.template open<kernels<backend::xtensor>, true>(capacity);
  }
};

} // namespace detail

template <>
struct opener<backend::thrust<backend::system::cpp>> : detail::thrust_opener<backend::system::cpp> {};

#if defined(_OPENMP)
template <>
struct opener<backend::thrust<backend::system::omp>> : detail::thrust_opener<backend::system::omp> {
  template <class Network>
  static auto session(const backend_type& backend, const Network& network, index_t capacity) {
    const auto open = [&](index_t rows) { return thrust_opener::session(backend, network, rows); };
    return divided_session<backend_type, decltype(open(capacity))>(
        backend, {network.input_size(), network.class_count(), capacity}, omp_get_max_threads(), open);
  }
};
#endif

} // namespace advx::nn
