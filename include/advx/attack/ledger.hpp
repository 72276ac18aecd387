/// @file
/// Who keeps the results: every evaluated point passes through the ledger, and nothing else decides on success.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/norm/distance.hpp>

#include <limits>
#include <utility>

namespace advx::attack {

/// Per slot: for each ranking the two best successes (the second stands in if the first does not survive being
/// classified again), and the point that came nearest to the goal while there is none.
template <class Rankings, class T>
class ledger {
public:
  static constexpr index_t rankings = Rankings::size;
  static constexpr index_t candidates = 2;

  /// What is known of a slot's image; the driver keeps it.
  struct row {
    struct kept {
      double value[candidates] = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
      label_t label[candidates] = {no_label, no_label};
      index_t plane[candidates] = {0, 1}; ///< where the two images lie
    };
    kept best[std::size_t(rankings)];
    const T* nearest = nullptr; ///< the point nearest to the goal; it may lie among the points of the last tick
    T nearest_margin = std::numeric_limits<T>::lowest();
    label_t nearest_label = no_label;
    bool succeeded = false;
  };

  template <class Memory>
  ledger(Memory& memory, Rankings norms, index_t slots, index_t size)
      : norms_(std::move(norms)),
        length(size),
        best_images(memory.template take<T>(slots * rankings * candidates * size)),
        nearest_images(memory.template take<T>(slots * size)) {}

  /// The original is the nearest point until a better one is seen.
  constexpr void begin(row& r, const image_ref<T>& image) const { r.nearest = image.original; }

  /// The points of the slot's last tick are about to be overwritten: the nearest one is stored if it is among them. An
  /// attack that gets nearer at every step pays for no copy.
  template <class Team>
  constexpr void settle(const Team& team, row& r, index_t s, const image_ref<T>& image, const T* last) const {
    T* to = nearest_images + s * length;
    if (r.succeeded || r.nearest != last || r.nearest == image.original || r.nearest == to) return;
    team.each(length, [to, from = r.nearest](index_t j) { to[j] = from[j]; });
    r.nearest = to;
  }

  /// Judges one point of the box: is its margin what the goal and the confidence ask for, and does it lie in the form's
  /// ball? Keeps it if a ranking puts it first.
  template <class Team>
  constexpr bool judge(const Team& team, row& r, index_t s, const image_ref<T>& image, const T* x,
                       const kernel::score_summary<T>& summary, double confidence, double limit) const {
    const bool met = summary.margin >= summary.required(confidence, image.tie);
    if (!met || !admissible(team, image, x, limit)) {
      if (!r.succeeded && summary.margin > r.nearest_margin) {
        r.nearest_margin = summary.margin;
        r.nearest_label = summary.predicted;
        r.nearest = x;
      }
      return false;
    }
    r.succeeded = true;
    norms_.visit([&](const auto& norm, index_t k) {
      keep(team, r, s, k, ranked(norm, team, x, image.original, summary), x, summary.predicted);
    });
    return true;
  }

  /// The i-th best success by ranking k, or null.
  constexpr const T* candidate(const row& r, index_t s, index_t k, index_t i) const {
    const auto& best = r.best[k];
    return best.value[i] < std::numeric_limits<double>::infinity() ? image_at(s, k, best.plane[i]) : nullptr;
  }
  constexpr label_t candidate_label(const row& r, index_t k, index_t i) const { return r.best[k].label[i]; }

private:
  template <class Team>
  constexpr bool admissible(const Team& team, const image_ref<T>& image, const T* x, double limit) const {
    return !(limit < std::numeric_limits<double>::infinity()) ||
           norms_.template get<0>().distance(team, x, image.original, length) <= limit;
  }

  /// A norm's `rank`, which may be one of scores, or its distance where it has none.
  template <class Norm, class Team>
  constexpr double ranked(const Norm& norm, const Team& team, const T* x, const T* x0,
                          const kernel::score_summary<T>& summary) const {
    if constexpr (requires { norm.rank(summary); })
      return static_cast<double>(norm.rank(summary));
    else if constexpr (requires { norm.rank(team, x, x0, length); })
      return static_cast<double>(norm.rank(team, x, x0, length));
    else
      return norm.distance(team, x, x0, length);
  }
  template <class Team>
  constexpr void keep(const Team& team, row& r, index_t s, index_t k, double value, const T* x, label_t label) const {
    auto& best = r.best[k];
    if (!(value < best.value[0])) return;
    const index_t free = best.plane[1]; // the former best becomes the second: no copy
    best.plane[1] = best.plane[0];
    best.value[1] = best.value[0];
    best.label[1] = best.label[0];
    best.plane[0] = free;
    best.value[0] = value;
    best.label[0] = label;
    team.each(length, [to = image_at(s, k, free), x](index_t j) { to[j] = x[j]; });
  }

  constexpr T* image_at(index_t s, index_t k, index_t i) const {
    return best_images + ((s * rankings + k) * candidates + i) * length;
  }

  Rankings norms_;
  index_t length;
  T* best_images;
  T* nearest_images;
};

} // namespace advx::attack
