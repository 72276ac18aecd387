/// @file
/// Networks on the host systems of backend::thrust, with the very kernels of backend::xtensor: scores and gradients
/// have the same bits. thrust<system::omp> divides each pass among OpenMP's threads. It needs the libraries of the
/// CMake target advx::nn_thrust.
#pragma once

#include <advx/backend/thrust/host.hpp>
#include <advx/nn/blas.hpp>
#include <advx/nn/pass_limits.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace advx::nn {

/// One session a thread; the images of a pass are shared out in equal runs. A row has the bits that it has in any other
/// batch, so nothing depends on the number of threads.
///
/// A pullback asks each image's row of the thread that has its activations: it is fastest for all rows, in order.
template <class Backend, class Session>
class divided_session {
public:
  /// `open(rows)` opens a thread's session. @throws argument_error for a capacity below 1
  template <class Open>
  divided_session(const Backend& backend, detail::pass_limits sizes, index_t threads, const Open& open)
      : backend_(backend),
        limits_(sizes) {
    threads = std::clamp<index_t>(threads, 1, limits_.capacity);
    const index_t rows = rounded_up_quotient(limits_.capacity, threads);
    parts_.reserve(static_cast<std::size_t>(threads));
    for (index_t t = 0; t < threads; ++t)
      parts_.push_back({open(rows), std::vector<index_t>(static_cast<std::size_t>(rows)), nullptr});
  }

  /// As network_session's.
  template <class T>
  void forward(batch_view<const T> images, batch_view<T> scores) {
    limits_.begin_forward(images, scores);
    share_ = std::max<index_t>(1, rounded_up_quotient(images.rows, static_cast<index_t>(parts_.size())));
    for_each_part([&](part& mine, index_t first, index_t count) {
      mine.session.forward(images.slice(first, count), scores.slice(first, count));
    });
  }

  /// As network_session's.
  template <class T>
  void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) {
    limits_.check_pullback(rows, cotangent, gradient);
    for_each_part([&](part& mine, index_t first, index_t count) {
      const auto is_mine = [&](std::size_t i) {
        return i < rows.size() && rows[i] >= first && rows[i] < first + count;
      };
      for (std::size_t i = 0; i < rows.size();) {
        std::size_t run = 0; // neighbours that this part can answer in one call
        for (; run < mine.rows.size() && is_mine(i + run); ++run) mine.rows[run] = rows[i + run] - first;
        if (run > 0) {
          const auto from = static_cast<index_t>(i), n = static_cast<index_t>(run);
          mine.session.pullback({mine.rows.data(), run}, cotangent.slice(from, n), gradient.slice(from, n));
        }
        i += std::max<std::size_t>(run, 1);
      }
    });
  }

private:
  struct part {
    Session session;
    std::vector<index_t> rows;
    std::exception_ptr fault;
  };

  static constexpr index_t rounded_up_quotient(index_t a, index_t b) noexcept { return (a + b - 1) / b; }

  /// Calls f(part, its first image, its images) for each part that has images, on all threads.
  template <class F>
  void for_each_part(const F& f) {
    const index_t used = rounded_up_quotient(limits_.last_rows, share_);
    backend_.rows(used, [&](const auto&, index_t p) {
      part& mine = parts_[static_cast<std::size_t>(p)];
      try {
        f(mine, p * share_, std::min(share_, limits_.last_rows - p * share_));
      } catch (...) { // no exception may leave a thread
        mine.fault = std::current_exception();
      }
    });
    for (part& p : parts_)
      if (p.fault) std::rethrow_exception(std::exchange(p.fault, nullptr));
  }

  Backend backend_;
  detail::pass_limits limits_;
  index_t share_ = 1; ///< images of a part in the last forward
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
