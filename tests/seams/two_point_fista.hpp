// FISTA with two points a tick, the gradient at y and the scores at x, written from Beck & Teboulle 2009 as a machine
// of its own: nothing of the library's descent, optimizer or loss.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/list.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/norm/elastic_net.hpp>

#include <cmath>

namespace seams {

template <class T>
class two_point_fista_machine;

/// Minimises ‖δ‖² + β‖δ‖₁ + c·max(0, label's score − best other), in logits.
struct two_point_fista {
  double beta = 0.01;
  double constant = 1;
  double step = 0.01;
  int steps = 100;

  static constexpr advx::attack::access access = advx::attack::access::gradients;
  static constexpr bool accepts(advx::score_scale scale) { return scale == advx::score_scale::logits; }
  void check() const {}
  static constexpr double confidence() { return 0; }
  auto rankings() const { return advx::list{advx::norm::elastic_net{beta}}; }
  template <class T>
  using machine = two_point_fista_machine<T>;
};

template <class T>
class two_point_fista_machine {
  using index_t = advx::index_t;

public:
  struct state {
    int step = 0;
    advx::attack::tally tally{};
  };

  static constexpr index_t max_points = 2;

  template <class Memory>
  two_point_fista_machine(Memory& memory, const two_point_fista& r, index_t slots, index_t size, index_t classes)
      : recipe_(r),
        size_(size),
        classes_(classes),
        vectors_(memory.template take<T>(slots * 2 * size)) {}

  /// y may lie outside the box and is never a result; but in the first tick it is the original.
  advx::attack::request request(const state& r) const {
    const int step = r.step;
    if (step > recipe_.steps) return {};
    if (step == recipe_.steps) return {0, 1, 0};
    return {1, step > 0 ? 1 : 0, 1};
  }
  const advx::attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  void begin(const Team& team, state&, index_t s, const advx::image_ref<T>& image) const {
    team.each(size_, [=, a = x(s), b = y(s), x0 = image.original](index_t j) { a[j] = b[j] = x0[j]; });
  }
  template <class Team>
  void write(const Team& team, const state& r, index_t s, const advx::image_ref<T>&, index_t i, T* out) const {
    const T* from = i == 0 && r.step < recipe_.steps ? y(s) : x(s);
    team.each(size_, [=](index_t j) { out[j] = from[j]; });
  }
  template <class Team>
  bool observe(const Team&, state&, index_t, const advx::image_ref<T>&, const advx::attack::answer<T>*) const {
    return false;
  }
  template <advx::score_scale, class Team>
  bool cotangent(const Team&, const state&, index_t, const advx::image_ref<T>& image, index_t,
                 const advx::attack::answer<T>& a, T* out) const {
    if (a.summary.margin >= a.summary.required(0, image.tie)) return false;
    for (index_t k = 0; k < classes_; ++k) out[k] = k == image.goal.label ? T(1) : k == a.summary.rival ? T(-1) : T(0);
    return true;
  }
  template <advx::score_scale, class Team>
  void advance(const Team& team, state& r, index_t s, const advx::image_ref<T>& image, const advx::attack::answer<T>*,
               const T* const* gradients) const {
    ++r.tally.iterations;
    if (r.step < recipe_.steps) {
      const T a = T(recipe_.step), c = T(recipe_.constant), t = T(recipe_.step * recipe_.beta);
      const T keep = T(r.step) / T(r.step + 3);
      team.each(size_, [=, to = x(s), slack = y(s), g = gradients[0], x0 = image.original, low = image.lower,
                        high = image.upper](index_t j) {
        const T d = slack[j] - x0[j];
        const T moved = d - a * (T(2) * d + c * g[j]);
        const T shrunk = moved > t ? moved - t : (moved < -t ? moved + t : T(0));
        const T next = advx::kernel::clamp(x0[j] + shrunk, low[j], high[j]);
        slack[j] = next + keep * (next - to[j]);
        to[j] = next;
      });
    }
    ++r.step;
  }

private:
  T* x(index_t s) const { return vectors_ + s * 2 * size_; }
  T* y(index_t s) const { return x(s) + size_; }

  two_point_fista recipe_;
  index_t size_, classes_;
  T* vectors_; ///< per slot: x, y
};

} // namespace seams
