// HopSkipJump (Chen, Jordan & Wainwright 2020) in L2, as small as it can be: labels only, and another number of
// questions in every phase. Not a preset of the library; its driver must carry it all the same.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/l2.hpp>

#include <algorithm>
#include <cmath>

namespace seams {

template <class T>
class hop_skip_jump_machine;

struct hop_skip_jump {
  int rounds = 20;
  int probes = 25; ///< of the first gradient estimate; their number grows with √round

  static constexpr advx::attack::access access = advx::attack::access::labels;
  void check() const { advx::detail::require(probes >= 2, "hop_skip_jump", "probes", "probes >= 2", probes); }
  static constexpr double confidence() { return 0; }
  static constexpr auto rankings() { return advx::list<advx::norm::l2>{}; }
  template <class T>
  using machine = hop_skip_jump_machine<T>;
};

template <class T>
class hop_skip_jump_machine {
  using index_t = advx::index_t;
  enum class phase { original, search, bisect, estimate, step, finished };

public:
  struct state {
    phase now = phase::original;
    int round = 0;
    double inside = 0, outside = 1; ///< fractions of the way from the original: not adversarial, adversarial
    double length = 0;              ///< of the step
    std::uint32_t draws = 0;        ///< random vectors used up
    advx::attack::tally tally{};
  };

  static constexpr index_t max_points = 100;
  static constexpr index_t search_points = 10;

  template <class Memory>
  hop_skip_jump_machine(Memory& memory, const hop_skip_jump& r, index_t slots, index_t size, index_t)
      : recipe_(r),
        size_(size),
        vectors_(memory.template take<T>(slots * 2 * size)) {}

  advx::attack::request request(const state& r) const {
    switch (r.now) {
    case phase::finished:
      return {};
    case phase::search:
      return {0, search_points, 0};
    case phase::estimate:
      return {0, probes(r), 0};
    default:
      return {0, 1, 0};
    }
  }
  const advx::attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  void begin(const Team&, state&, index_t, const advx::image_ref<T>&) const {}

  template <class Team>
  void write(const Team& team, const state& r, index_t s, const advx::image_ref<T>& image, index_t i, T* out) const {
    const T *x0 = image.original, *x = current(s), *v = direction(s), *low = image.lower, *high = image.upper;
    const advx::kernel::random_stream random{image.seed, std::uint32_t(image.number), r.draws + std::uint32_t(i)};
    switch (r.now) {
    case phase::search:
      team.each(size_, [=](index_t j) { out[j] = low[j] + (high[j] - low[j]) * random.template uniform<T>(j); });
      break;
    case phase::bisect:
      team.each(size_, [=, t = T((r.inside + r.outside) / 2)](index_t j) { out[j] = x0[j] + t * (x[j] - x0[j]); });
      break;
    case phase::estimate: {
      const T squares = team.template sum<T>(size_, [=](index_t j) {
        const T z = random.template normal<T>(j);
        return z * z;
      });
      const T scale = T(radius(team, s, image)) / advx::kernel::square_root(squares);
      team.each(size_, [=](index_t j) {
        out[j] = advx::kernel::clamp(x[j] + scale * random.template normal<T>(j), low[j], high[j]);
      });
      break;
    }
    case phase::step:
      team.each(size_,
                [=, t = T(r.length)](index_t j) { out[j] = advx::kernel::clamp(x[j] + t * v[j], low[j], high[j]); });
      break;
    default:
      team.each(size_, [=](index_t j) { out[j] = x0[j]; });
    }
  }

  template <class Team>
  bool observe(const Team&, state&, index_t, const advx::image_ref<T>&, const advx::attack::answer<T>*) const {
    return false;
  }

  template <class Team>
  void advance(const Team& team, state& r, index_t s, const advx::image_ref<T>& image,
               const advx::attack::answer<T>* answers) const {
    ++r.tally.iterations;
    switch (r.now) {
    case phase::original:
      r.now = phase::search;
      break;
    case phase::search:
      for (index_t i = 0; i < search_points && r.now == phase::search; ++i)
        if (answers[i].success) start_bisection(team, r, s, answers[i].point);
      if (r.now == phase::search && r.draws > 10000) r.now = phase::finished;
      r.draws += std::uint32_t(search_points);
      break;
    case phase::bisect:
      (answers[0].success ? r.outside : r.inside) = (r.inside + r.outside) / 2;
      if (r.outside - r.inside < 1e-4) {
        const T t = T(r.outside);
        team.each(size_, [=, x = current(s), x0 = image.original](index_t j) { x[j] = x0[j] + t * (x[j] - x0[j]); });
        r.now = r.round < recipe_.rounds ? phase::estimate : phase::finished;
      }
      break;
    case phase::estimate:
      estimate(team, r, s, image, answers);
      break;
    case phase::step:
      if (answers[0].success) {
        start_bisection(team, r, s, answers[0].point);
      } else if ((r.length /= 2) < 1e-9) {
        r.now = phase::finished;
      }
      break;
    case phase::finished:
      break;
    }
  }

private:
  template <class Team>
  void start_bisection(const Team& team, state& r, index_t s, const T* from) const {
    team.each(size_, [=, x = current(s)](index_t j) { x[j] = from[j]; });
    r.inside = 0;
    r.outside = 1;
    r.now = phase::bisect;
  }

  /// The direction Σ (φ − mean φ)·(probe − x), φ = ±1 by the label (their eq. 16), and the first step along it.
  template <class Team>
  void estimate(const Team& team, state& r, index_t s, const advx::image_ref<T>& image,
                const advx::attack::answer<T>* answers) const {
    const index_t n = probes(r);
    index_t hits = 0;
    for (index_t i = 0; i < n; ++i) hits += answers[i].success ? 1 : 0;
    const T mean = hits == 0 || hits == n ? T(0) : T(2 * hits - n) / T(n);
    T *x = current(s), *v = direction(s);
    team.each(size_, [=](index_t j) {
      T sum = 0;
      for (index_t i = 0; i < n; ++i)
        sum += ((answers[i].success ? T(1) : T(-1)) - mean) * (answers[i].point[j] - x[j]);
      v[j] = sum;
    });
    const auto scale = advx::kernel::inverse_l2<T>(team, size_, [=](index_t j) { return v[j]; });
    team.each(size_, [=](index_t j) { v[j] = scale(v[j]); });
    r.draws += std::uint32_t(n);
    ++r.round;
    r.length = distance(team, s, image) / std::sqrt(double(r.round));
    r.now = phase::step;
  }

  template <class Team>
  double distance(const Team& team, index_t s, const advx::image_ref<T>& image) const {
    return advx::norm::l2{}.distance(team, current(s), image.original, size_);
  }
  template <class Team>
  double radius(const Team& team, index_t s, const advx::image_ref<T>& image) const {
    return 0.1 * distance(team, s, image) / std::sqrt(double(size_));
  }
  index_t probes(const state& r) const {
    return std::min(max_points, index_t(recipe_.probes * std::sqrt(double(r.round + 1))));
  }
  T* current(index_t s) const { return vectors_ + s * 2 * size_; }
  T* direction(index_t s) const { return current(s) + size_; }

  hop_skip_jump recipe_;
  index_t size_;
  T* vectors_; ///< per slot: the current point, the direction
};

} // namespace seams
