// The few-pixel attack (Su, Vargas & Sakurai 2019): differential evolution over (position, value) pairs. Scores only,
// and a whole population in every tick.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/l0.hpp>

#include <algorithm>
#include <limits>

namespace seams {

template <class T>
class few_pixels_machine;

struct few_pixels {
  int pixels = 1;
  int population = 40;
  int generations = 60;
  double difference = 0.5; ///< F: child = a + F·(b − c)

  static constexpr advx::attack::access access = advx::attack::access::scores;
  void check() const {
    advx::detail::require(population >= 4 && population <= 200, "few_pixels", "population", "4 <= population <= 200",
                          population);
  }
  static constexpr double confidence() { return 0; }
  static constexpr auto rankings() { return advx::list<advx::norm::l0>{}; }
  template <class T>
  using machine = few_pixels_machine<T>;
};

template <class T>
class few_pixels_machine {
  using index_t = advx::index_t;

public:
  struct state {
    index_t generation = 0; ///< 0: the original and the first population are asked for
    bool finished = false;
    advx::attack::tally tally{};
  };

  static constexpr index_t max_points = 201;

  template <class Memory>
  few_pixels_machine(Memory& memory, const few_pixels& r, index_t slots, index_t size, index_t classes)
      : recipe_(r),
        size_(size),
        classes_(classes),
        genes_(2 * r.pixels),
        people_(r.population),
        parents_(memory.template take<T>(slots * people_ * genes_)),
        children_(memory.template take<T>(slots * people_ * genes_)),
        fitness_(memory.template take<T>(slots * people_)) {}

  advx::attack::request request(const state& r) const {
    if (r.finished) return {};
    return {0, people_ + (r.generation == 0 ? 1 : 0), 0};
  }
  const advx::attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  void begin(const Team&, state&, index_t s, const advx::image_ref<T>& image) const {
    for (index_t p = 0; p < people_; ++p) {
      const auto random = stream(image, 0, p);
      for (index_t g = 0; g < genes_; ++g)
        child(s, p)[g] = g % 2 == 0 ? T(size_) * random.template uniform<T>(g) : random.template uniform<T>(g);
      fitness_[std::size_t(s * people_ + p)] = std::numeric_limits<T>::max();
    }
  }

  /// Values are those of 8-bit images.
  template <class Team>
  void write(const Team& team, const state& r, index_t s, const advx::image_ref<T>& image, index_t i, T* out) const {
    team.each(size_, [=, x0 = image.original](index_t j) { out[j] = x0[j]; });
    const index_t p = i - (r.generation == 0 ? 1 : 0);
    if (p < 0) return;
    for (index_t g = 0; g < genes_; g += 2) {
      const auto j = static_cast<index_t>(child(s, p)[g]);
      const auto level = static_cast<int>(child(s, p)[g + 1] * T(255) + T(0.5));
      out[j] = image.lower[j] + (image.upper[j] - image.lower[j]) * (T(level) / T(255));
    }
  }

  template <class Team>
  bool observe(const Team&, state& r, index_t, const advx::image_ref<T>&,
               const advx::attack::answer<T>* answers) const {
    for (index_t i = 0; i < request(r).total(); ++i)
      if (answers[i].success) {
        ++r.tally.iterations;
        return true;
      }
    return false;
  }

  /// A child that is as good takes its parent's place; then the next children.
  template <advx::score_scale Scale, class Team>
  void advance(const Team&, state& r, index_t s, const advx::image_ref<T>& image,
               const advx::attack::answer<T>* answers) const {
    ++r.tally.iterations;
    const index_t first = r.generation == 0 ? 1 : 0;
    for (index_t p = 0; p < people_; ++p) {
      const T now = probability<Scale>(answers[p + first].scores, image.goal);
      T& before = fitness_[std::size_t(s * people_ + p)];
      if (now > before) continue;
      before = now;
      std::copy_n(child(s, p), genes_, parent(s, p));
    }
    r.finished = ++r.generation > recipe_.generations;
    if (r.finished) return;
    for (index_t p = 0; p < people_; ++p) {
      const auto random = stream(image, r.generation, p);
      index_t chosen[3];
      for (unsigned k = 0; k < 3; ++k) chosen[k] = distinct(random.bits(0, k), chosen, k);
      for (index_t g = 0; g < genes_; ++g) {
        const T a = parent(s, chosen[0])[g], b = parent(s, chosen[1])[g], c = parent(s, chosen[2])[g];
        const T most = g % 2 == 0 ? T(size_) - T(0.001) : T(1);
        child(s, p)[g] = advx::kernel::clamp(a + T(recipe_.difference) * (b - c), T(0), most);
      }
    }
  }

private:
  /// One of those not chosen before.
  index_t distinct(std::uint32_t bits, const index_t* chosen, unsigned before) const {
    index_t p = static_cast<index_t>(bits % static_cast<std::uint32_t>(people_));
    for (unsigned k = 0; k < before; ++k)
      if (chosen[k] == p) {
        p = (p + 1) % people_;
        k = static_cast<unsigned>(-1); // look again from the first
      }
    return p;
  }
  /// What is minimised: the probability of the image's own class, or the negative one of the target.
  template <advx::score_scale Scale>
  T probability(const T* z, advx::row_goal goal) const {
    const advx::label_t own = goal.targeted() ? goal.target : goal.label;
    T p = z[own];
    if constexpr (Scale == advx::score_scale::logits) {
      T others = 1;
      for (index_t j = 0; j < classes_; ++j)
        if (j != own) others += advx::kernel::exp(z[j] - z[own]);
      p = T(1) / others;
    }
    return goal.targeted() ? -p : p;
  }
  advx::kernel::random_stream stream(const advx::image_ref<T>& image, index_t generation, index_t p) const {
    return {image.seed, static_cast<std::uint32_t>(image.number), static_cast<std::uint32_t>(generation * people_ + p)};
  }
  T* parent(index_t s, index_t p) const { return parents_ + (s * people_ + p) * genes_; }
  T* child(index_t s, index_t p) const { return children_ + (s * people_ + p) * genes_; }

  few_pixels recipe_;
  index_t size_, classes_, genes_, people_;
  T *parents_, *children_, *fitness_;
};

} // namespace seams
