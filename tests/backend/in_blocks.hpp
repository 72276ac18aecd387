// What an attack finds in blocks of threads, as a device would run it, beside what it finds on the reference backend.
#pragma once

#include <advx/attack/run.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "attack/support.hpp"
#include "backend/thread_block.hpp"

namespace backend_tests {

struct in_blocks {
  int images = 5;
  bool targeted = true;                                  ///< beside untargeted
  std::int64_t queries = advx::options{}.budget.queries; ///< that an image may have

  /// The same success, status, queries and iterations, and images that differ by no more than the tolerance. In double:
  /// the order of sums then hardly shows, and no decision hangs on it.
  template <class Attack>
  void compare(const Attack& a, double tolerance) const {
    const oracle::smooth_mlp<double> mlp{4, 12, 8};
    const attack_test::scene<double> s{mlp, images};
    advx::options settings;
    settings.batch = 3; // fewer slots than images: slots are taken again
    settings.threads = 1;
    settings.budget.queries = queries;
    for (int to_target = 0; to_target <= (targeted ? 1 : 0); ++to_target) {
      const auto on = [&](auto backend) {
        return to_target != 0
                   ? advx::run(a, s.model, s.images, advx::goal::targeted{s.labels, s.targets}, settings, backend)
                   : advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, settings, backend);
      };
      const auto want = on(advx::backend::reference{});
      const auto got = on(block_backend{});
      CHECK(got.success == want.success);
      CHECK(got.status == want.status);
      CHECK(got.queries == want.queries);
      CHECK(got.iterations == want.iterations);
      double worst = 0;
      for (std::size_t k = 0; k < want.images.values.size(); ++k)
        worst = std::max(worst, std::abs(got.images.values[k] - want.images.values[k]));
      CHECK(worst <= tolerance);
    }
  }
};

} // namespace backend_tests
