// The contract of optimizers: the library's keep it, and each breach is caught.
#include <advx/optimizer/adam.hpp>
#include <advx/optimizer/fista.hpp>
#include <advx/optimizer/lbfgsb.hpp>
#include <advx/optimizer/steepest.hpp>
#include <advx/testing/check_optimizer.hpp>

#include <catch2/catch.hpp>

namespace optimizer = advx::optimizer;
using advx::index_t;
using advx::testing::check_optimizer;

namespace {

bool mentions(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

struct leaves_box : optimizer::adam {
  template <class Team, class T, class Objective>
  void tell(const Team& team, row<T>&, const optimizer::place<T>& p, const Objective& objective) const {
    team.each(p.size, [=, z = p.iterate](index_t j) { z[j] -= T(0.1) * objective.gradient(j); });
  }
};
struct climbs : optimizer::adam {
  template <class Team, class T, class Objective>
  void tell(const Team& team, row<T>&, const optimizer::place<T>& p, const Objective& objective) const {
    const auto project = objective.project(team, [](index_t) { return T(0); });
    team.each(p.size, [=, z = p.iterate](index_t j) { z[j] = project(j, z[j] + T(0.1) * objective.gradient(j)); });
  }
};
struct keeps_moments : optimizer::adam {
  template <class Team, class T>
  void start(const Team&, row<T>& r, const optimizer::place<T>&) const {
    r = {};
  }
};
struct stops_early : optimizer::adam {
  template <class T>
  constexpr optimizer::asks asks_for(const row<T>&, index_t made) const noexcept {
    return made < steps / 2 ? optimizer::asks{1, 0, 0} : optimizer::asks{};
  }
};
struct greedy : optimizer::adam {
  template <class T>
  constexpr optimizer::asks asks_for(const row<T>&, index_t made) const noexcept {
    return made < steps ? optimizer::asks{2, 1, 0} : optimizer::asks{};
  }
};

} // namespace

TEST_CASE("the library's optimizers keep the contract and descend") {
  using optimizer::threshold;
  for (const auto& report :
       {check_optimizer(optimizer::adam{.step = 0.02, .steps = 300}),
        check_optimizer(optimizer::steepest<optimizer::direction::sign>{.step = 0.01, .steps = 200}),
        check_optimizer(optimizer::steepest<optimizer::direction::normalised>{.step = 0.02, .steps = 200}),
        check_optimizer(
            optimizer::steepest<optimizer::direction::normalised>{.step = 0.02, .steps = 200, .momentum = 0.5}),
        check_optimizer(optimizer::lbfgsb{.memory = 5, .steps = 30}, {.remaining = 1e-6}),
        check_optimizer(optimizer::fista{.step = 0.2, .steps = 200, .threshold = threshold::scaled}),
        check_optimizer(
            optimizer::fista{.step = 0.2, .steps = 200, .threshold = threshold::scaled, .momentum = false})}) {
    INFO(report.fault);
    REQUIRE(report);
    REQUIRE(report.checks > 100);
  }
}

TEST_CASE("each breach is caught and named") {
  CHECK(mentions(check_optimizer(leaves_box{{.step = 0.1, .steps = 50}}).fault, "outside the box"));
  CHECK(mentions(check_optimizer(climbs{{.step = 0.1, .steps = 50}}).fault, "comes down from"));
  CHECK(!check_optimizer(keeps_moments{{.step = 0.02, .steps = 300}}).passed());
  CHECK(mentions(check_optimizer(stops_early{{.step = 0.02, .steps = 600}}).fault, "ends after 300 of 600 steps"));
  CHECK(mentions(check_optimizer(greedy{{.steps = 5}}).fault, "asks for 2 gradients and 1 scores"));
  CHECK(mentions(check_optimizer(optimizer::adam{.step = 1e-6, .steps = 50}).fault, "is the step length right?"));
}
