// The laws of norms: the library's keep them, and each broken law is caught.
#include <advx/norm/elastic_net.hpp>
#include <advx/norm/l0.hpp>
#include <advx/norm/l1.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>
#include <advx/testing/check_norm.hpp>

#include <catch2/catch.hpp>

#include <cmath>

namespace norm = advx::norm;
using advx::image_ref;
using advx::index_t;

namespace {

bool mentions(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

/// norm::l2 with one law broken.
struct squared_as_distance : norm::l2 {
  template <class Team, class T>
  double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    const double d = norm::l2::distance(team, x, x0, n);
    return d * d;
  }
};
struct one_sided : norm::l2 {
  template <class Team, class T>
  double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return team.template sum<double>(n, [=](index_t j) { return x[j] > x0[j] ? double(x[j] - x0[j]) : 0.5; }) -
           0.5 * double(team.count(n, [=](index_t j) { return x[j] == x0[j]; }));
  }
};
struct wrong_slope : norm::l2 {
  template <class T>
  constexpr T penalty_gradient(T d) const noexcept {
    return d;
  }
};
struct shrinks_twice : norm::l1 {
  template <class T>
  constexpr T shrink(T d, T threshold) const noexcept {
    return norm::soft_threshold(d, 2 * threshold);
  }
};
/// Clips first and scales then: in box and ball, and not the nearest point.
struct clips_first : norm::l2 {
  template <class T, class Team, class Get>
  auto projection(const Team& team, const image_ref<T>& image, double radius, Get v) const {
    const auto clipped = [=, lower = image.lower, upper = image.upper](index_t j) {
      return std::clamp(v(j), lower[j], upper[j]);
    };
    const T length = std::sqrt(team.template sum<T>(
        image.size, [=, x0 = image.original](index_t j) { return (clipped(j) - x0[j]) * (clipped(j) - x0[j]); }));
    const T scale = length > T(radius) ? T(radius) / length : T(1);
    return [=, x0 = image.original](index_t j, T) { return x0[j] + scale * (clipped(j) - x0[j]); };
  }
};
struct leaves_box : norm::l2 {
  template <class T, class Team, class Get>
  auto projection(const Team& team, const image_ref<T>& image, double radius, Get v) const {
    const T length = std::sqrt(team.template sum<T>(
        image.size, [=, x0 = image.original](index_t j) { return (v(j) - x0[j]) * (v(j) - x0[j]); }));
    const T scale = length > T(radius) ? T(radius) / length : T(1);
    return [=, x0 = image.original](index_t j, T value) { return x0[j] + scale * (value - x0[j]); };
  }
};
struct outside_ball : norm::linf {
  template <class T, class Team, class Get>
  auto projection(const Team& team, const image_ref<T>& image, double radius, Get v) const {
    return norm::linf::projection<T>(team, image, radius * 1.001, v);
  }
};
struct long_direction : norm::linf {
  template <class T, class Team, class Get>
  auto normalised(const Team& team, index_t n, Get g) const {
    return norm::l2{}.normalised<T>(team, n, g);
  }
};
struct not_steepest : norm::l1 {
  template <class T, class Team, class Get>
  auto dual(const Team& team, index_t n, Get g) const {
    return normalised<T>(team, n, g);
  }
};
struct far_start : norm::linf {
  template <class T, class Team>
  void random_point(const Team& team, index_t n, double radius, advx::kernel::random_stream random, T* d) const {
    norm::linf::random_point(team, n, 2 * radius, random, d);
  }
};

} // namespace

TEST_CASE("the library's norms keep the laws") {
  for (const auto& report : {advx::testing::check_norm(norm::l0{}), advx::testing::check_norm(norm::l1{}),
                             advx::testing::check_norm(norm::l2{}), advx::testing::check_norm(norm::linf{}),
                             advx::testing::check_norm(norm::elastic_net{0.3}),
                             advx::testing::check_norm(norm::l1{}, {.size = 100, .trials = 10, .seed = 7}),
                             advx::testing::check_norm(norm::l2{}, {.size = 100, .trials = 10, .seed = 7})}) {
    INFO(report.fault);
    REQUIRE(report);
    REQUIRE(report.checks > 100);
  }
}

TEST_CASE("each broken law is caught and named") {
  using advx::testing::check_norm;
  CHECK(!check_norm(squared_as_distance{}).passed());
  CHECK(mentions(check_norm(one_sided{}).fault, "the same both ways"));
  CHECK(mentions(check_norm(wrong_slope{}).fault, "penalty_gradient"));
  CHECK(mentions(check_norm(shrinks_twice{}).fault, "shrink"));
  CHECK(mentions(check_norm(clips_first{}).fault, "nearer than the projection"));
  CHECK(mentions(check_norm(leaves_box{}).fault, "lies in the box"));
  CHECK(mentions(check_norm(outside_ball{}).fault, "lies in the ball"));
  CHECK(mentions(check_norm(long_direction{}).fault, "length 1"));
  CHECK(mentions(check_norm(not_steepest{}).fault, "no direction of length 1"));
  CHECK(mentions(check_norm(far_start{}).fault, "a random point"));
}
