/// @file
/// Attacks watched step by step: every point that an attack asks the model about, in double, without a tie, on the
/// reference backend.
#pragma once

#include <catch2/catch.hpp>

#include "attack/support.hpp"
#include "oracle/paper_attacks.hpp"

namespace attack_test {

using oracle::vec;

inline constexpr double tolerance = 1e-6;
inline constexpr index_t image_count = 6;
inline constexpr std::size_t pixels = 12;

/// One image of a scene, attacked alone while the model records.
struct recorded {
  advx::result<advx::batch<double>> result;
  std::vector<vec> points; ///< in order; without those of the verification
};

struct single {
  oracle::smooth_mlp<double> mlp{4, pixels, 8};
  scene<double> all{mlp, image_count};
  advx::options settings{};

  single() {
    settings.batch = 1;
    settings.threads = 1;
    settings.tie = 0;
  }
  vec original(index_t i) const { return {all.images.row(i), all.images.row(i) + pixels}; }
  oracle::goal paper_goal(index_t i, bool targeted) const {
    return {static_cast<std::size_t>((targeted ? all.targets : all.labels)[std::size_t(i)]), targeted};
  }

  template <class Attack>
  recorded attack(const Attack& a, index_t i, bool targeted, std::uint64_t seed = 0) const {
    scene<double> one = all.picked({i});
    one.model.log = std::make_shared<attack_test::call_log>();
    one.model.log->keeps_points = true;
    advx::options o = settings;
    o.seed = seed;
    recorded r;
    r.result = targeted ? advx::run(a, one.model, one.images, advx::goal::targeted{one.labels, one.targets}, o)
                        : advx::run(a, one.model, one.images, advx::goal::untargeted{one.labels}, o);
    r.points = one.model.log->points;
    REQUIRE(std::int64_t(r.points.size()) == r.result.queries[0] + r.result.verification_rows);
    r.points.resize(std::size_t(r.result.queries[0]));
    return r;
  }
};

inline double gap(const vec& a, const vec& b) { return oracle::norm(oracle::lp::infinity, oracle::minus(a, b)); }

inline const oracle::box unit(pixels, 0, 1);

} // namespace attack_test
