// The elastic net by change of variable beside EAD, over a sweep of β: what the program and its test share.
#pragma once

#include <advx/xtensor.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace table5 {

/// Means over successes; the success rate is in 0–1.
struct figures {
  double beta = 0, success = 0, l1 = 0, l2 = 0, linf = 0;
};

/// One way to minimise the elastic net, over the sweep of β in rising order.
struct method {
  const char* name;
  double step; ///< the optimizer's step length
  std::vector<figures> sweep;
};

/// `make(beta)` is the attack; its result is ranked by the elastic net (the thesis' EN rule).
template <class Make, class Model, class Images>
method measure(const char* name, double step, const std::vector<double>& betas, const Make& make, const Model& model,
               const Images& images, const advx::goal::targeted& goal) {
  method m{name, step, {}};
  for (const double beta : betas) {
    const auto r = advx::run(make(beta, step), model, images, goal, {}, advx::backend::xtensor{});
    m.sweep.push_back({beta, r.success_rate(), r.mean_over_successes(r.l1), r.mean_over_successes(r.l2),
                       r.mean_over_successes(r.linf)});
    std::fprintf(stderr, "%s, beta %g: done\n", name, beta);
  }
  return m;
}

/// The share of its mean L1 at the smallest β that a method keeps at the largest one.
inline double kept(const method& m) { return m.sweep.back().l1 / m.sweep.front().l1; }

/// What the thesis' table shows, with room for other digits: EAD's mean L1 falls with every β (it ends at 0.60 of the
/// first there), that of the change of variable does not (0.99). The first of `all` is EAD.
struct trend {
  static constexpr double ead_keeps_at_most = 0.75, change_of_variable_keeps_at_least = 0.9;
  static constexpr double rise =
      1.02; ///< a value that is no larger than the one before by more than this has not risen

  static bool falls(const method& ead) {
    for (std::size_t i = 1; i < ead.sweep.size(); ++i)
      if (!(ead.sweep[i].l1 <= rise * ead.sweep[i - 1].l1)) return false;
    return kept(ead) <= ead_keeps_at_most;
  }
  static bool insensitive(const method& m) { return kept(m) >= change_of_variable_keeps_at_least; }
  static bool holds(const std::vector<method>& all) {
    bool good = falls(all.front());
    for (std::size_t i = 1; i < all.size(); ++i) good = good && insensitive(all[i]);
    return good;
  }
};

} // namespace table5
