/// @file
/// Who keeps the results: every evaluated point passes through the ledger, and nothing else decides on success.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/norm/distance.hpp>

#include <limits>
#include <tuple>
#include <utility>
#include <vector>

namespace advx::attack {

/// Per slot: for each ranking the two best successes (the second stands in if the first does not survive being
/// classified again), and the point that came nearest to the goal while there is none.
template <class Rankings, class T, class Backend>
class ledger {
public:
  static constexpr index_t rankings = static_cast<index_t>(std::tuple_size_v<Rankings>);
  static constexpr index_t candidates = 2;

  ledger(Backend& backend, Rankings norms, index_t slots, index_t size)
      : norms_(std::move(norms)),
        length(size),
        best_images(backend.template allocate<T>(slots * rankings * candidates * size)),
        nearest_images(backend.template allocate<T>(slots * size)),
        rows(static_cast<std::size_t>(slots)) {}

  /// Forgets the slot's image; its original is the nearest point until a better one is seen.
  void begin(index_t s, const image_ref<T>& image) {
    at(s) = {};
    at(s).nearest = image.original;
  }

  /// The points of the slot's last tick are about to be overwritten: the nearest one is stored if it is among them. An
  /// attack that gets nearer at every step pays for no copy.
  template <class Team>
  void settle(const Team& team, index_t s, const image_ref<T>& image, const T* last) {
    row& r = at(s);
    if (r.succeeded || r.nearest != last || r.nearest == image.original || r.nearest == nearest_place(s)) return;
    team.each(length, [to = nearest_place(s), from = r.nearest](index_t j) { to[j] = from[j]; });
    r.nearest = nearest_place(s);
  }

  /// Judges one point of the box: is its margin what the goal and the confidence ask for, and does it lie in the form's
  /// ball? Keeps it if a ranking puts it first.
  template <class Team>
  bool judge(const Team& team, index_t s, const image_ref<T>& image, const T* x,
             const kernel::score_summary<T>& summary, double confidence, double limit) {
    row& r = at(s);
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
    keep(team, s, image, x, summary.predicted, std::make_index_sequence<std::size_t(rankings)>{});
    return true;
  }

  bool succeeded(index_t s) const { return at(s).succeeded; }
  /// The i-th best success by ranking k, or null.
  const T* candidate(index_t s, index_t k, index_t i) const {
    const kept& best = at(s).best[k];
    const index_t which = i == 0 ? best.first : 1 - best.first;
    return best.value[which] < std::numeric_limits<double>::infinity() ? image_at(s, k, which) : nullptr;
  }
  label_t candidate_label(index_t s, index_t k, index_t i) const {
    const kept& best = at(s).best[k];
    return best.label[i == 0 ? best.first : 1 - best.first];
  }
  /// The point nearest to the goal; it may lie among the points of the slot's last tick.
  const T* nearest(index_t s) const { return at(s).nearest; }
  label_t nearest_label(index_t s) const { return at(s).nearest_label; }
  const Rankings& norms() const { return norms_; }

private:
  struct kept {
    double value[candidates] = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    label_t label[candidates] = {no_label, no_label};
    index_t first = 0; ///< which of the two is the best
  };
  struct row {
    kept best[std::size_t(rankings)];
    const T* nearest = nullptr;
    T nearest_margin = std::numeric_limits<T>::lowest();
    label_t nearest_label = no_label;
    bool succeeded = false;
  };

  template <class Team>
  bool admissible(const Team& team, const image_ref<T>& image, const T* x, double limit) const {
    return !(limit < std::numeric_limits<double>::infinity()) ||
           std::get<0>(norms_).distance(team, x, image.original, length) <= limit;
  }

  template <class Team, std::size_t... K>
  void keep(const Team& team, index_t s, const image_ref<T>& image, const T* x, label_t label,
            std::index_sequence<K...>) {
    (keep_by(team, s, index_t{K}, ranked(std::get<K>(norms_), team, x, image.original), x, label), ...);
  }
  /// A norm's `rank`, or its distance where it has none.
  template <class Norm, class Team>
  double ranked(const Norm& norm, const Team& team, const T* x, const T* x0) const {
    if constexpr (requires { norm.rank(team, x, x0, length); })
      return static_cast<double>(norm.rank(team, x, x0, length));
    else
      return norm.distance(team, x, x0, length);
  }
  template <class Team>
  void keep_by(const Team& team, index_t s, index_t k, double value, const T* x, label_t label) {
    kept& best = at(s).best[k];
    if (!(value < best.value[best.first])) return;
    best.first = 1 - best.first; // the former best becomes the second: no copy
    best.value[best.first] = value;
    best.label[best.first] = label;
    team.each(length, [to = image_at(s, k, best.first), x](index_t j) { to[j] = x[j]; });
  }

  T* image_at(index_t s, index_t k, index_t i) const {
    return const_cast<T*>(best_images.data()) + ((s * rankings + k) * candidates + i) * length;
  }
  T* nearest_place(index_t s) { return nearest_images.data() + s * length; }
  row& at(index_t s) { return rows[static_cast<std::size_t>(s)]; }
  const row& at(index_t s) const { return rows[static_cast<std::size_t>(s)]; }

  Rankings norms_;
  index_t length;
  typename Backend::template buffer<T> best_images;
  typename Backend::template buffer<T> nearest_images;
  std::vector<row> rows;
};

} // namespace advx::attack
