/// @file
/// Keeps an expression, and sees a policy.
#pragma once

#include <advx/norm/l1.hpp>

#include <xtensor/xmath.hpp>

inline double sum(const xt::xtensor<double, 1>& x) {
  auto squares = xt::square(x);
  auto kept = xt::eval(squares);
  return kept(0);
}
