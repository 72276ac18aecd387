// The Square attack against plain transcriptions, point by point, and what it promises.
#include <advx/attack/population_presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>

#include "attack/recorded.hpp"

using advx::index_t;
using advx::attack::square_l2;
using advx::attack::square_linf;
using attack_test::gap;
using attack_test::recorded;
using attack_test::scene;
using oracle::vec;

namespace {

constexpr std::size_t channels = 2, height = 9, width = 10, plane = height * width, size = channels * plane;

/// What is lowered: by which the label leads, or the target's surprise.
double loss_of(const vec& z, advx::row_goal goal) {
  double others = -1e9, sum = 0;
  const auto own = std::size_t(goal.targeted() ? goal.target : goal.label);
  for (std::size_t k = 0; k < z.size(); ++k) {
    sum += std::exp(z[k]);
    if (k != own) others = std::max(others, z[k]);
  }
  return goal.targeted() ? std::log(sum) - z[own] : z[own] - others;
}
bool met(const vec& z, advx::row_goal goal) {
  const auto own = std::size_t(goal.targeted() ? goal.target : goal.label);
  const bool leads = std::max_element(z.begin(), z.end()) == z.begin() + std::ptrdiff_t(own);
  return goal.targeted() ? leads : !leads;
}

/// The schedule in the paper's words: p is halved at these shares of the run.
double share_at(double p, int step, int steps) {
  const double done = double(step) / steps;
  for (const double end : {0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8})
    if (done > end) p *= 0.5;
  return p;
}

std::size_t place(std::size_t c, std::size_t i, std::size_t j) { return c * plane + i * width + j; }
std::size_t drawn(std::uint32_t bits, std::size_t n) { return std::size_t(bits / 4294967296.0 * double(n)); }

struct search {
  const oracle::smooth_mlp<double>& model;
  vec x0;
  advx::row_goal goal;
  double epsilon, share;
  int steps;

  const std::vector<vec>& watched; ///< the library's points
  std::size_t points = 0;
  double widest = 0; ///< greatest gap
  vec best{};
  double least = 0;
  std::size_t kept = 0;

  /// Looks at a point; true: the goal is met. It goes on from the library's own one, since a square's length may come
  /// from what rounding has left: each step is compared, and not what rounding makes of all of them.
  bool look(vec x) {
    if (points >= watched.size()) return true;
    widest = std::max(widest, gap(x, watched[points]));
    x = watched[points];
    if (points++ == 0) return false;
    const vec z = model.scores(x);
    const double now = loss_of(z, goal);
    if (points == 2 || now < least) {
      least = now;
      best = x;
      ++kept;
    }
    return met(z, goal);
  }
  static advx::kernel::random_stream random(int step) { return {0, 0, std::uint32_t(step)}; }

  void linf() {
    look(x0);
    const auto moved = [&](std::size_t j, bool up) {
      const double r = epsilon - 2.220446049250313e-16 * (1 + epsilon); // inwards by a rounding
      return std::clamp(x0[j] + (up ? r : -r), 0.0, 1.0);
    };
    vec x(size);
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t i = 0; i < height; ++i)
        for (std::size_t j = 0; j < width; ++j)
          x[place(c, i, j)] = moved(place(c, i, j), random(0).bits(index_t(c * width + j)) >= 1U << 31);
    if (look(x)) return;
    for (int step = 1; step < steps; ++step) {
      const auto h = std::size_t(std::lround(std::sqrt(share_at(share, step, steps) * double(plane))));
      const std::size_t side = std::clamp(h, std::size_t(1), std::min(height, width));
      const std::size_t top = drawn(random(step).bits(0, 0), height - side + 1);
      const std::size_t left = drawn(random(step).bits(0, 1), width - side + 1);
      for (int turn = 0; turn < 9; ++turn) {
        x = best;
        for (std::size_t c = 0; c < channels; ++c) {
          const std::uint32_t shifted = random(step).bits(index_t(2 + c)) << turn;
          for (std::size_t i = top; i < top + side; ++i)
            for (std::size_t j = left; j < left + side; ++j)
              x[place(c, i, j)] = moved(place(c, i, j), shifted >= 1U << 31);
        }
        if (x != best) break;
      }
      if (look(x)) return;
    }
  }

  /// η for a square, rows × columns, by adding square on square.
  static std::vector<vec> half(std::size_t rows, std::size_t columns) {
    std::vector<vec> d(rows, vec(columns, 0));
    double squares = 0;
    const auto most = int(std::max(rows / 2, columns / 2));
    for (int k = 0; k <= most; ++k)
      for (int i = int(rows / 2) - k; i <= int(rows / 2) + k; ++i)
        for (int j = int(columns / 2) - k; j <= int(columns / 2) + k; ++j)
          if (i >= 0 && j >= 0 && i < int(rows) && j < int(columns))
            d[std::size_t(i)][std::size_t(j)] += 1.0 / ((k + 1) * (k + 1));
    for (const vec& row : d)
      for (const double v : row) squares += v * v;
    for (vec& row : d)
      for (double& v : row) v /= std::sqrt(squares);
    return d;
  }
  static std::vector<vec> eta(std::size_t side, bool across) {
    std::vector<vec> d(side, vec(side, 0));
    const auto first = half(side / 2, side), second = half(side - side / 2, side);
    for (std::size_t i = 0; i < side; ++i)
      for (std::size_t j = 0; j < side; ++j) {
        const double v = (i < side / 2 ? first[i][j] : -second[i - side / 2][j]) / std::sqrt(2.0);
        (across ? d[j][i] : d[i][j]) = v;
      }
    return d;
  }
  vec on_sphere(const vec& delta) const {
    double squares = 0;
    for (const double d : delta) squares += d * d;
    vec x(size);
    for (std::size_t j = 0; j < size; ++j) x[j] = std::clamp(x0[j] + delta[j] * epsilon / std::sqrt(squares), 0.0, 1.0);
    return x;
  }

  void l2() {
    look(x0);
    const std::size_t side0 = std::max<std::size_t>(1, std::min(height, width) / 5);
    const std::size_t down = height / side0, along = width / side0;
    vec delta(size, 0);
    for (std::size_t a = 0; a < down; ++a)
      for (std::size_t b = 0; b < along; ++b) {
        const auto tile = index_t((a * along + b) * channels);
        const auto bumps = eta(side0, random(0).bits(tile, 1) >= 1U << 31);
        for (std::size_t c = 0; c < channels; ++c)
          for (std::size_t i = 0; i < side0; ++i)
            for (std::size_t j = 0; j < side0; ++j)
              delta[place(c, (height - down * side0) / 2 + a * side0 + i,
                          (width - along * side0) / 2 + b * side0 + j)] =
                  bumps[i][j] * (random(0).bits(tile + index_t(c)) >= 1U << 31 ? 1 : -1);
      }
    if (look(on_sphere(delta))) return;
    for (int step = 1; step < steps; ++step) {
      auto side = std::size_t(std::lround(std::sqrt(share_at(share, step, steps) * double(plane))));
      side = std::max<std::size_t>(side, 3);
      if (side % 2 == 0) ++side;
      side = std::min({side, height, width});
      std::size_t at[4];
      for (unsigned k = 0; k < 4; ++k) at[k] = drawn(random(step).bits(0, k), (k % 2 == 0 ? height : width) - side + 1);
      const auto in = [&](std::size_t i, std::size_t j, const std::size_t* corner) {
        return i >= corner[0] && i < corner[0] + side && j >= corner[1] && j < corner[1] + side;
      };
      const auto bumps = eta(side, random(step).bits(1) >= 1U << 31);
      double used = 0;
      for (std::size_t j = 0; j < size; ++j) {
        delta[j] = best[j] - x0[j];
        used += delta[j] * delta[j];
      }
      vec next = delta;
      for (std::size_t c = 0; c < channels; ++c) {
        double there = 0, both = 0, length = 0;
        for (std::size_t i = 0; i < height; ++i)
          for (std::size_t j = 0; j < width; ++j) {
            const double d = delta[place(c, i, j)];
            there += in(i, j, at) ? d * d : 0;
            both += in(i, j, at) || in(i, j, at + 2) ? d * d : 0;
          }
        const double sign = random(step).bits(index_t(2 + c)) >= 1U << 31 ? 1 : -1;
        std::vector<vec> fresh(side, vec(side));
        for (std::size_t i = 0; i < side; ++i)
          for (std::size_t j = 0; j < side; ++j) {
            fresh[i][j] = sign * bumps[i][j] + delta[place(c, at[0] + i, at[1] + j)] / (1e-10 + std::sqrt(there));
            length += fresh[i][j] * fresh[i][j];
          }
        const double room = std::sqrt(std::max(epsilon * epsilon - used, 0.0) / double(channels) + both);
        for (std::size_t i = 0; i < height; ++i)
          for (std::size_t j = 0; j < width; ++j)
            if (in(i, j, at + 2)) next[place(c, i, j)] = 0;
        for (std::size_t i = 0; i < side; ++i)
          for (std::size_t j = 0; j < side; ++j)
            next[place(c, at[0] + i, at[1] + j)] = fresh[i][j] * room / std::sqrt(length);
      }
      if (look(on_sphere(next))) return;
    }
  }
};

template <class Attack>
void compare(const Attack& a, void (search::*paper)()) {
  const oracle::smooth_mlp<double> mlp(4, size, 8);
  const scene<double> all(mlp, 4);
  std::size_t points = 0, kept = 0, met = 0;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < 4; ++i) {
      CAPTURE(targeted, i);
      scene<double> one = all.picked({i});
      one.model.log = std::make_shared<attack_test::call_log>();
      one.model.log->keeps_points = true;
      advx::options o;
      o.threads = 1;
      o.tie = 0;
      const auto r = targeted ? advx::run(a, one.model, one.images, advx::goal::targeted{one.labels, one.targets}, o)
                              : advx::run(a, one.model, one.images, advx::goal::untargeted{one.labels}, o);
      const advx::row_goal goal{one.labels[0], targeted ? one.targets[0] : advx::no_label};
      auto& watched = one.model.log->points;
      watched.resize(std::size_t(r.queries[0])); // without the verification's
      search s{mlp, {all.images.row(i), all.images.row(i) + size}, goal, a.epsilon, a.share, a.steps, watched};
      (s.*paper)();
      CHECK(s.points == watched.size());
      CHECK(s.widest <= attack_test::tolerance);
      CHECK((r.success[0] != 0 || r.queries[0] == 1 + a.steps));
      points += s.points;
      kept += s.kept;
      met += r.success[0];
    }
  CAPTURE(points, kept, met);
  CHECK(points > 200);
  CHECK(kept > 30);
  CHECK(met >= 1);
  CHECK(met < 8);
}

} // namespace

TEST_CASE("square_linf looks at the paper's points", "[oracle]") {
  compare(square_linf{.epsilon = 0.035, .steps = 100, .channels = channels, .width = width}, &search::linf);
}
TEST_CASE("square_l2 looks at the paper's points", "[oracle]") {
  compare(square_l2{.epsilon = 0.35, .steps = 100, .channels = channels, .width = width}, &search::l2);
}

TEST_CASE("squares find more than as many random points of the ball") {
  const oracle::smooth_mlp<double> mlp(4, size, 8);
  const scene<double> s(mlp, 30);
  advx::options o;
  o.threads = 1;
  const auto linf = advx::run(square_linf{.epsilon = 0.035, .steps = 200, .channels = channels, .width = width},
                              s.model, s.images, advx::goal::untargeted{s.labels}, o);
  int by_chance = 0;
  for (index_t i = 0; i < 30; ++i) {
    bool found = false;
    for (std::uint32_t k = 0; k < 200 && !found; ++k) {
      const advx::kernel::random_stream random{9, std::uint32_t(i), k};
      vec x(size);
      for (std::size_t j = 0; j < size; ++j)
        x[j] = std::clamp(s.images.row(i)[j] + (random.bits(index_t(j)) >> 31 != 0 ? 0.035 : -0.035), 0.0, 1.0);
      found = met(mlp.scores(x), {s.labels[std::size_t(i)], advx::no_label});
    }
    by_chance += found;
  }
  CAPTURE(by_chance);
  CHECK(linf.success_rate() * 30 > by_chance + 3);
}

TEST_CASE("a square attack that its images cannot have is refused") {
  const oracle::smooth_mlp<double> mlp(4, 12, 6, 7);
  const scene<double> s(mlp, 2);
  const auto run = [&](const square_linf& a) { advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}); };
  CHECK_NOTHROW(run({.steps = 3}));
  CHECK_THROWS_WITH(run({.channels = 5}), Catch::Contains("an image has 12 values, which are no 5 planes"));
  CHECK_THROWS_WITH(run({.width = 5}), Catch::Contains("a plane has 12 pixels, which are no rows of 5"));
  CHECK_THROWS_AS(run({.steps = 0}), advx::argument_error);
  CHECK_THROWS_AS(run({.share = 0}), advx::argument_error);
  CHECK_THROWS_AS(run({.epsilon = -1}), advx::argument_error);
}
