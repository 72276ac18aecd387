/// @file
/// The largest value, or the mean, of each window of each channel.
#pragma once

#include <advx/model/graph/operation.hpp>
#include <advx/model/graph/window.hpp>

#include <cstdint>
#include <limits>

namespace advx::model::graph {

struct pool_numbers {
  window places;
  index_t channels = 1;
  bool counts_padding = false; ///< a mean is over the window's padding, too

  index_t in_size() const noexcept { return places.inputs() * channels; }
  index_t out_size() const noexcept { return places.outputs() * channels; }
};

/// Of equal values the first gets the gradient. The state is its tap.
template <class T>
class max_pool : public operation<T> {
public:
  max_pool(const pool_numbers& numbers, const kernel_set<T>&) : n(numbers), narrow(n.places.taps() <= 256) {}

  index_t state_bytes() const override { return n.out_size() * (narrow ? 1 : 4); }
  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states& state) override {
    if (narrow)
      choose<std::uint8_t>(x[0], y, rows, state);
    else
      choose<std::uint32_t>(x[0], y, rows, state);
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states& state) override {
    if (narrow)
      hand_back<std::uint8_t>(dy, dx[0], rows, state);
    else
      hand_back<std::uint32_t>(dy, dx[0], rows, state);
  }

private:
  template <class Tap>
  void choose(const T* x, T* y, index_t rows, const row_states& state) const {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          const T* image = x + r * n.in_size();
          T* result = y + r * n.out_size();
          Tap* taps = state.template at<Tap>(r);
          n.places.each(
              [&](index_t output) __attribute__((always_inline)) {
                std::fill_n(result + output * n.channels, n.channels, -std::numeric_limits<T>::infinity());
                std::fill_n(taps + output * n.channels, n.channels, Tap{0});
              },
              [&](index_t output, index_t tap, index_t input) __attribute__((always_inline)) {
                const T* __restrict from = image + input * n.channels;
                T* __restrict best = result + output * n.channels;
                Tap* __restrict place = taps + output * n.channels;
                const auto t = static_cast<Tap>(tap);
                for (index_t c = 0; c < n.channels; ++c) {
                  const bool better = from[c] > best[c];
                  best[c] = better ? from[c] : best[c];
                  place[c] = better ? t : place[c];
                }
              });
        });
  }
  template <class Tap>
  void hand_back(const T* dy, T* dx, index_t rows, const row_states& state) const {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          T* image = dx + r * n.in_size();
          const T* from = dy + r * n.out_size();
          const Tap* taps = state.template at<const Tap>(r);
          std::fill_n(image, n.in_size(), T(0));
          n.places.each(
              [](index_t) __attribute__((always_inline)){}, [&](index_t output, index_t tap,
                                                                index_t input) __attribute__((always_inline)) {
                const T* __restrict top = from + output * n.channels;
                const Tap* __restrict place = taps + output * n.channels;
                T* __restrict to = image + input * n.channels;
                const auto t = static_cast<Tap>(tap);
                for (index_t c = 0; c < n.channels; ++c) to[c] += place[c] == t ? top[c] : T(0);
              });
        });
  }

  pool_numbers n;
  bool narrow;
};

template <class T>
class mean_pool : public operation<T> {
public:
  mean_pool(const pool_numbers& numbers, const kernel_set<T>&)
      : n(numbers),
        shares(static_cast<std::size_t>(n.places.outputs())) {
    const window& w = n.places;
    std::vector<index_t> counts(shares.size());
    if (n.counts_padding) {
      // The padding that the model names counts, what lies behind it does not.
      window padded = w;
      for (std::size_t i = 0; i < 3; ++i) padded.in[i] += w.before[i] + w.after[i];
      padded.before = {0, 0, 0};
      padded.each([](index_t) {}, [&](index_t output, index_t, index_t) { ++counts[std::size_t(output)]; });
    } else {
      w.each([](index_t) {}, [&](index_t output, index_t, index_t) { ++counts[std::size_t(output)]; });
    }
    for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = T(1) / static_cast<T>(std::max<index_t>(counts[i], 1));
  }

  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          const T* image = x[0] + r * n.in_size();
          T* result = y + r * n.out_size();
          std::fill_n(result, n.out_size(), T(0));
          n.places.each(
              [](index_t) __attribute__((always_inline)){}, [&](index_t output, index_t,
                                                                index_t input) __attribute__((always_inline)) {
                const T share = shares[static_cast<std::size_t>(output)];
                const T* __restrict from = image + input * n.channels;
                T* __restrict to = result + output * n.channels;
                for (index_t c = 0; c < n.channels; ++c) to[c] += share * from[c];
              });
        });
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          T* image = dx[0] + r * n.in_size();
          const T* result = dy + r * n.out_size();
          std::fill_n(image, n.in_size(), T(0));
          n.places.each(
              [](index_t) __attribute__((always_inline)){}, [&](index_t output, index_t,
                                                                index_t input) __attribute__((always_inline)) {
                const T share = shares[static_cast<std::size_t>(output)];
                const T* __restrict from = result + output * n.channels;
                T* __restrict to = image + input * n.channels;
                for (index_t c = 0; c < n.channels; ++c) to[c] += share * from[c];
              });
        });
  }

private:
  pool_numbers n;
  std::vector<T> shares; ///< of each window, 1 / its values
};

} // namespace advx::model::graph
