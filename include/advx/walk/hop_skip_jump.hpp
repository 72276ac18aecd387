/// @file
/// From the far side of the boundary to the nearest point of it, by labels alone: HopSkipJump.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/batch_view.hpp>
#include <advx/core/host_device.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/gradient_norm.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>

#include <concepts>
#include <cstdint>

namespace advx::walk {

namespace detail {

/// What HopSkipJump does otherwise in one norm than in another: its probes, the way back to the boundary, how exactly
/// that is found, and the step.
template <class Norm>
struct hop;

template <>
struct hop<norm::l2> {
  template <class T>
  ADVX_HOST_DEVICE static T probe(const kernel::random_stream& random, index_t j) {
    return random.normal<T>(j);
  }
  /// θ over γ: d^(−3/2) of the way.
  ADVX_HOST_DEVICE static double tolerance(index_t size) {
    return 1 / (double(size) * kernel::square_root(double(size)));
  }
  /// δ over θ and the distance.
  ADVX_HOST_DEVICE static double spread(index_t size) { return kernel::square_root(double(size)); }
  ADVX_HOST_DEVICE static constexpr double whole_way(double) { return 1; }
  ADVX_HOST_DEVICE static constexpr double precision(double theta, double) { return theta; }
  template <class T>
  static constexpr T towards(T x0, T x, T share) {
    return x0 + share * (x - x0);
  }
  template <class Team, class T>
  static constexpr void direct(const Team& team, index_t n, T* v) {
    const auto scale = kernel::inverse_l2<T>(team, n, [=](index_t j) { return v[j]; });
    team.each(n, [=](index_t j) { v[j] = scale(v[j]); });
  }
};

template <>
struct hop<norm::linf> {
  template <class T>
  ADVX_HOST_DEVICE static T probe(const kernel::random_stream& random, index_t j) {
    return 2 * random.uniform<T>(j) - 1;
  }
  ADVX_HOST_DEVICE static constexpr double tolerance(index_t size) { return 1 / (double(size) * double(size)); }
  ADVX_HOST_DEVICE static constexpr double spread(index_t size) { return double(size); }
  ADVX_HOST_DEVICE static constexpr double whole_way(double distance) { return distance; }
  ADVX_HOST_DEVICE static constexpr double precision(double theta, double distance) {
    return theta * kernel::minimum(1.0, distance);
  }
  template <class T>
  static constexpr T towards(T x0, T x, T radius) {
    return kernel::clamp(x, x0 - radius, x0 + radius);
  }
  template <class Team, class T>
  static constexpr void direct(const Team& team, index_t n, T* v) {
    team.each(n, [=](index_t j) { v[j] = kernel::sign(v[j]); });
  }
};

} // namespace detail

/// The machine of `hop_skip_jump` for a recipe with a `walk` and a `norm`. All its points lie in the box and are
/// judged.
template <class Recipe, class T>
class hop_skip_jump_machine {
  using hop = detail::hop<decltype(Recipe::norm)>;
  enum class phase {
    original, ///< is it adversarial already?
    given,    ///< is the start that was given?
    search,   ///< uniform noise, until one is
    blend,    ///< the least share of that noise that is, by bisection
    project,  ///< back to the boundary, by bisection
    estimate, ///< on which side of it lie random points around?
    step,     ///< along the normal, halved until the point is adversarial
    finished
  };

public:
  static constexpr index_t max_points = 128;

  struct state {
    phase now = phase::original;
    int step = 0;                    ///< t
    index_t wanted = 0;              ///< probes still to be asked for in this estimate, or draws of noise made
    index_t asked = 1;               ///< points of this tick
    double inside = 0, outside = 1;  ///< of a bisection: not adversarial, adversarial
    double precision = 0;            ///< where it ends
    double distance = 0, before = 0; ///< of the point at the boundary, and of the point before it was taken there
    double length = 0;               ///< δ of the probes, or the step
    index_t hits = 0, probes = 0;    ///< of this estimate
    std::int64_t spent = 0;          ///< queries
    std::uint32_t draws = 0;         ///< random vectors used up
    attack::tally tally{};
  };

  template <class Memory>
  hop_skip_jump_machine(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t)
      : recipe(r),
        length(size),
        start_count(r.walk.starts.rows),
        vectors(memory.template take<T>(slots * 3 * size)) {
    if (start_count > 0) {
      if (r.walk.starts.cols != size)
        ::advx::detail::refuse("advx: walk::hop_skip_jump: the starts have %td values each, and the images %td",
                               r.walk.starts.cols, size);
      starts = memory.keep(r.walk.starts.data, start_count * size);
    }
  }

  constexpr attack::request request(const state& r) const { return {0, r.now == phase::finished ? 0 : r.asked, 0}; }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }
  template <class Team>
  constexpr void begin(const Team&, state&, index_t, const image_ref<T>&) const {}

  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                       T* out) const {
    const T *x0 = image.original, *x = place(s), *v = normal(s), *low = image.lower, *high = image.upper;
    const kernel::random_stream random{image.seed, static_cast<std::uint32_t>(image.number),
                                       r.draws + static_cast<std::uint32_t>(i)};
    switch (r.now) {
    case phase::given:
      team.each(length, [=, from = starts + image.number * length](index_t j) {
        out[j] = kernel::clamp(T(from[j]), low[j], high[j]);
      });
      break;
    case phase::search:
      team.each(length, [=](index_t j) { out[j] = low[j] + (high[j] - low[j]) * random.template uniform<T>(j); });
      break;
    case phase::blend:
      team.each(length, [=, share = T((r.inside + r.outside) / 2)](index_t j) {
        out[j] = detail::hop<norm::l2>::towards(x0[j], x[j], share);
      });
      break;
    case phase::project:
      team.each(length,
                [=, share = T((r.inside + r.outside) / 2)](index_t j) { out[j] = hop::towards(x0[j], x[j], share); });
      break;
    case phase::estimate: {
      team.each(length, [=](index_t j) { out[j] = hop::template probe<T>(random, j); });
      const auto unit = kernel::inverse_l2<T>(team, length, [=](index_t j) { return out[j]; });
      team.each(length, [=, delta = T(r.length)](index_t j) {
        out[j] = kernel::clamp(x[j] + delta * unit(out[j]), low[j], high[j]);
      });
      break;
    }
    case phase::step:
      team.each(length, [=, t = T(r.length)](index_t j) { out[j] = kernel::clamp(x[j] + t * v[j], low[j], high[j]); });
      break;
    default:
      team.each(length, [=](index_t j) { out[j] = x0[j]; });
    }
  }

  template <class Team>
  constexpr bool observe(const Team&, state&, index_t, const image_ref<T>&, const attack::answer<T>*) const {
    return false;
  }

  template <class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const attack::answer<T>* answers) const {
    r.spent += r.asked;
    const index_t asked = r.asked;
    r.asked = 1;
    switch (r.now) {
    case phase::original:
      r.now = image.number < start_count ? phase::given : phase::search;
      break;
    case phase::given:
      r.now = phase::search;
      if (answers[0].success) {
        move(team, s, answers[0].point);
        begin_projection(team, r, s, image);
      }
      break;
    case phase::search:
      r.draws += static_cast<std::uint32_t>(asked);
      for (index_t i = 0; i < asked && r.now == phase::search; ++i)
        if (answers[i].success) {
          move(team, s, answers[i].point);
          begin_bisection(r, phase::blend, 1, 1e-3);
        }
      if (r.now != phase::search) break;
      r.wanted += asked;
      if (r.wanted >= recipe.walk.tries) r.now = phase::finished;
      // More at a time, the longer none is found.
      r.asked = affordable(r, image, kernel::minimum(r.wanted, recipe.walk.tries - r.wanted));
      break;
    case phase::blend:
    case phase::project:
      (answers[0].success ? r.outside : r.inside) = (r.inside + r.outside) / 2;
      if (r.outside - r.inside <= r.precision) end_bisection(team, r, s, image);
      break;
    case phase::estimate:
      count(team, r, s, answers, asked);
      if (r.wanted > 0)
        r.asked = affordable(r, image, r.wanted);
      else
        begin_step(team, r, s);
      break;
    case phase::step:
      if (answers[0].success) {
        move(team, s, answers[0].point);
        begin_projection(team, r, s, image);
      } else if ((r.length /= 2) < 1e-12) {
        begin_estimate(team, r, s, image); // nothing is left of the step: another normal from the same point
      }
      break;
    case phase::finished:
      break;
    }
  }

private:
  /// Points of a tick: no more than there is room and answers for.
  static constexpr index_t affordable(const state& r, const image_ref<T>& image, index_t points) {
    const std::int64_t left = kernel::maximum(std::int64_t{1}, image.queries - r.spent);
    return kernel::maximum(
        index_t{1}, static_cast<index_t>(kernel::minimum(left, std::int64_t{kernel::minimum(points, max_points)})));
  }
  template <class Team>
  constexpr void move(const Team& team, index_t s, const T* to) const {
    team.each(length, [=, x = place(s)](index_t j) { x[j] = to[j]; });
  }

  static constexpr void begin_bisection(state& r, phase which, double whole, double precision) {
    r.now = which;
    r.inside = 0;
    r.outside = whole;
    r.precision = precision;
  }
  template <class Team>
  constexpr void begin_projection(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    r.before = recipe.norm.distance(team, place(s), image.original, length);
    begin_bisection(r, phase::project, hop::whole_way(r.before), hop::precision(theta(), r.before));
  }
  template <class Team>
  constexpr void end_bisection(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    T* x = place(s);
    const T* x0 = image.original;
    const bool moved = r.outside < (r.now == phase::blend ? 1 : hop::whole_way(r.before));
    if (r.now == phase::blend) {
      if (moved)
        team.each(length, [=, t = T(r.outside)](index_t j) { x[j] = detail::hop<norm::l2>::towards(x0[j], x[j], t); });
      begin_projection(team, r, s, image);
      return;
    }
    if (moved) team.each(length, [=, t = T(r.outside)](index_t j) { x[j] = hop::towards(x0[j], x[j], t); });
    r.distance = recipe.norm.distance(team, x, x0, length);
    begin_estimate(team, r, s, image);
  }

  template <class Team>
  constexpr void begin_estimate(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    if (r.step >= recipe.walk.steps) {
      r.now = phase::finished;
      return;
    }
    ++r.step;
    ++r.tally.iterations;
    r.now = phase::estimate;
    if (r.step == 1) {
      const double width = double(team.template max<T>(
          length, [low = image.lower, high = image.upper](index_t j) { return high[j] - low[j]; }));
      r.length = 0.1 * width;
    } else {
      r.length = hop::spread(length) * theta() * r.before;
    }
    r.wanted = static_cast<index_t>(
        kernel::minimum(double(recipe.walk.most_probes), recipe.walk.probes * kernel::square_root(double(r.step))));
    r.hits = r.probes = 0;
    r.asked = affordable(r, image, r.wanted);
    team.each(2 * length, [=, v = normal(s)](index_t j) { v[j] = T(0); });
  }
  /// Adds a tick's probes to Σ φ·u and Σ u, φ = ±1 by the label.
  template <class Team>
  constexpr void count(const Team& team, state& r, index_t s, const attack::answer<T>* answers, index_t asked) const {
    T *x = place(s), *v = normal(s), *all = v + length;
    for (index_t i = 0; i < asked; ++i) {
      r.hits += answers[i].success ? 1 : 0;
      team.each(length, [=, p = answers[i].point, sign = answers[i].success ? T(1) : T(-1)](index_t j) {
        const T u = p[j] - x[j];
        v[j] += sign * u;
        all[j] += u;
      });
    }
    r.probes += asked;
    r.wanted -= asked;
    r.draws += static_cast<std::uint32_t>(asked);
  }
  /// The normal Σ (φ − mean φ)·u (their eq. 16; where all probes agree, Σ φ·u), and the first step along it.
  template <class Team>
  constexpr void begin_step(const Team& team, state& r, index_t s) const {
    const bool agree = r.hits == 0 || r.hits == r.probes;
    const T mean = agree ? T(0) : T(double(2 * r.hits - r.probes) / double(r.probes));
    T *v = normal(s), *all = v + length;
    team.each(length, [=](index_t j) { v[j] -= mean * all[j]; });
    hop::direct(team, length, v);
    r.length = r.distance / kernel::square_root(double(r.step));
    r.now = phase::step;
  }

  constexpr double theta() const { return recipe.walk.gamma * hop::tolerance(length); }
  constexpr T* place(index_t s) const { return vectors + s * 3 * length; }
  constexpr T* normal(index_t s) const { return place(s) + length; }

  Recipe recipe;
  index_t length;
  index_t start_count;
  T* vectors; ///< per slot: the point, the sum of φ·u that becomes the normal, and the sum of u
  const float* starts = nullptr;
};

/// HopSkipJump (Chen, Jordan & Wainwright 2020, Algorithm 2): from an adversarial point back to the boundary, whose
/// normal there is estimated from the labels of random points around; a step along it, and back again.
///
/// It begins at uniform noise that is adversarial, blended with the image as far as it stays so; or, which targets
/// need, at a given image of the other class. Steps are the paper's geometric progression; numbers as in its program.
/// All random vectors are functions of seed, image and how many came before.
struct hop_skip_jump {
  int steps = 64;          ///< iterations T, ≥ 1
  int probes = 100;        ///< of the first estimate, B₀ ≥ 2; the t-th has B₀·√t
  int most_probes = 10000; ///< of any, ≥ probes
  double gamma = 1;        ///< how exactly the boundary is found: θ = γ·d^(−3/2) in L2, γ·d^(−2) in L∞; > 0
  int tries = 10000;       ///< draws of noise before the attack gives up, ≥ 1
  /// Where to begin, in host memory that outlives the run: row n for the image whose number is n. An image without a
  /// row, or whose row is not adversarial, begins at noise.
  batch_view<const float> starts{};

  static constexpr attack::access access = attack::access::labels;
  /// Has it probes for that norm?
  template <class Norm>
  static constexpr bool fits = std::same_as<Norm, norm::l2> || std::same_as<Norm, norm::linf>;

  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    const auto need = [](bool holds, const char* field, const char* rule, double value) {
      ::advx::detail::require(holds, "walk::hop_skip_jump", field, rule, value);
    };
    need(steps >= 1, "steps", "steps >= 1", steps);
    need(probes >= 2, "probes", "probes >= 2", probes);
    need(most_probes >= probes, "most_probes", "most_probes >= probes", most_probes);
    need(gamma > 0, "gamma", "gamma > 0", gamma);
    need(tries >= 1, "tries", "tries >= 1", tries);
  }

  template <class Recipe, class T>
  using machine = hop_skip_jump_machine<Recipe, T>;
};

} // namespace advx::walk
