/// @file
/// Is a model's pullback the transposed derivative of its forward?
#pragma once

#include <advx/backend/reference/reference.hpp>
#include <advx/concepts/explain.hpp>
#include <advx/core/batch.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/testing/report.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace advx::testing {

/// What check_vjp tries.
struct vjp_trial {
  double lower = 0; ///< images are uniform in [lower, upper]
  double upper = 1;
  std::uint64_t seed = 1;
  index_t images = 5;
  index_t directions = 3;  ///< random directions per image, beside the gradient's own
  index_t coordinates = 5; ///< single coordinates per image: the one with the greatest gradient, and random ones
  double tolerance = 0;    ///< relative; 0: 1e-2 in float, 1e-5 in double
};

/// The dot-product test: for random cotangents u and directions v, is ⟨Jᵀu, v⟩ what differences of ⟨u, forward⟩ along v
/// say? Directions are random ones, the gradient itself and single coordinates; of several step lengths the best one
/// counts, so that neither rounding nor a kink fails a right gradient. Errors are relative to ‖Jᵀu‖·‖v‖. Also: pullback
/// is linear in the cotangent, and zero for zero.
///
/// Costs about 10 forward rows per direction and a few pullbacks per image. For host backends.
template <class Model, class Backend = backend::reference>
report check_vjp(const Model& model, const vjp_trial& trial = {}, Backend backend = {}) {
  static_assert(::advx::detail::require_gradients<Model, Backend>::value);
  using T = scalar_of<Model>;
  const index_t n = model.input_size(), classes = model.class_count();
  const double tolerance = trial.tolerance > 0 ? trial.tolerance : std::is_same_v<T, float> ? 1e-2 : 1e-5;
  const std::vector<double> steps = std::is_same_v<T, float> ? std::vector<double>{3e-2, 1e-2, 3e-3, 1e-3, 3e-4}
                                                             : std::vector<double>{1e-3, 1e-4, 1e-5, 1e-6, 1e-7};
  auto session = model.session(backend, 2);
  batch<T> points(2, n), scores(2, classes), u(2, classes), g(2, n);
  const auto read = [](const batch<T>& b) { return b.view(); };
  const auto dot = [](const T* a, const T* b, index_t size) {
    double sum = 0;
    for (index_t j = 0; j < size; ++j) sum += double(a[j]) * double(b[j]);
    return sum;
  };
  report result;
  for (index_t i = 0; i < trial.images; ++i) {
    auto draw = [&, stream = std::uint32_t{0}](index_t j) mutable {
      if (j == 0) ++stream;
      return kernel::random_stream{trial.seed, static_cast<std::uint32_t>(i), stream}.uniform<double>(j);
    };
    batch<T> x(1, n);
    for (index_t j = 0; j < n; ++j) x.row(0)[j] = static_cast<T>(trial.lower + (trial.upper - trial.lower) * draw(j));
    for (index_t k = 0; k < 2; ++k)
      for (index_t j = 0; j < classes; ++j) u.row(k)[j] = static_cast<T>(2 * draw(j) - 1);

    // The gradient of row 0's cotangent; that of twice the one plus the other; that of zero.
    const std::vector<index_t> both{0, 0}, one{0};
    session.forward(read(x), scores.view().slice(0, 1));
    session.pullback(both, read(u), g.view());
    batch<T> sum(1, classes), of_sum(1, n), zero(1, classes), of_zero(1, n);
    for (index_t j = 0; j < classes; ++j) sum.row(0)[j] = 2 * u.row(0)[j] + u.row(1)[j];
    session.pullback(one, read(sum), of_sum.view());
    session.pullback(one, read(zero), of_zero.view());
    const double length = std::sqrt(dot(g.row(0), g.row(0), n));
    const double scale = 2 * length + std::sqrt(dot(g.row(1), g.row(1), n));
    const std::string image = "image " + std::to_string(i);
    for (index_t j = 0; j < n; ++j) {
      if (!result.expect(of_zero.row(0)[j] == T(0), [&] {
            return image + ": the pullback of a zero cotangent has " + detail::exactly(of_zero.row(0)[j]) +
                   " at coordinate " + std::to_string(j);
          }))
        return result;
      const double must = 2 * double(g.row(0)[j]) + double(g.row(1)[j]);
      if (!result.expect(std::abs(double(of_sum.row(0)[j]) - must) <= tolerance * scale, [&] {
            return image + ": pullback is not linear: coordinate " + std::to_string(j) + " of 2u + w gives " +
                   detail::exactly(of_sum.row(0)[j]) + ", and of u and w " + detail::exactly(must);
          }))
        return result;
    }

    /// The relative error along v, the best over all step lengths; and the slopes that gave it.
    const auto agrees = [&](const std::vector<double>& v, const std::string& what) {
      double size = 0, best = std::numeric_limits<double>::infinity(), slope = 0, told = 0;
      for (const double e : v) size = std::max(size, std::abs(e));
      if (size == 0) return true;
      for (const double h : steps) {
        double step_length = 0, along = 0;
        for (index_t j = 0; j < n; ++j) {
          const double move = h * v[std::size_t(j)] / size;
          points.row(0)[j] = static_cast<T>(double(x.row(0)[j]) + move);
          points.row(1)[j] = static_cast<T>(double(x.row(0)[j]) - move);
          const double between = double(points.row(0)[j]) - double(points.row(1)[j]); // as stored
          step_length += between * between;
          along += double(g.row(0)[j]) * between;
        }
        step_length = std::sqrt(step_length);
        session.forward(read(points), scores.view());
        const double change = dot(u.row(0), scores.row(0), classes) - dot(u.row(0), scores.row(1), classes);
        const double error = std::abs(change - along) / (step_length * std::max(length, 1e-30));
        if (error < best) {
          best = error;
          slope = change / step_length;
          told = along / step_length;
        }
      }
      return result.expect(best <= tolerance, [&] {
        return image + ": along " + what + " the scores change by " + detail::exactly(slope) +
               " per unit, and the pullback says " + detail::exactly(told) + " (relative error " +
               detail::exactly(best) + ")";
      });
    };
    std::vector<double> v(static_cast<std::size_t>(n));
    for (index_t k = 0; k < trial.directions; ++k) {
      for (index_t j = 0; j < n; ++j) v[std::size_t(j)] = 2 * draw(j) - 1;
      if (!agrees(v, "random direction " + std::to_string(k))) return result;
    }
    std::copy_n(g.row(0), n, v.begin());
    if (!agrees(v, "the gradient")) return result;
    const auto top = std::max_element(v.begin(), v.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    auto coordinate = static_cast<index_t>(top - v.begin());
    for (index_t k = 0; k < trial.coordinates; ++k) {
      std::fill(v.begin(), v.end(), 0.0);
      v[std::size_t(coordinate)] = 1;
      if (!agrees(v, "coordinate " + std::to_string(coordinate))) return result;
      coordinate = std::min(n - 1, static_cast<index_t>(draw(0) * static_cast<double>(n)));
    }
  }
  return result;
}

} // namespace advx::testing
