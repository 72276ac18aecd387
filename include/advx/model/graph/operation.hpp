/// @file
/// An opened operator of a graph: forward and pullback over rows, one image a row. What a pullback needs later an
/// operation leaves in a few bytes per row, its *state*; values and gradients of a tile of rows are only lent to it.
///
/// A call is virtual, once per operator and tile of rows; the loops inside are not.
#pragma once

#include <advx/nn/registers.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace advx::model::graph {

/// Where the states of the rows at hand are.
struct row_states {
  std::byte* const* rows = nullptr;
  index_t offset = 0;

  template <class U>
  U* at(index_t row) const noexcept {
    return reinterpret_cast<U*>(rows[row] + offset);
  }
};

/// Each row of each array is contiguous and follows the one before it.
template <class T>
class operation {
public:
  operation() = default;
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  virtual ~operation() = default;

  virtual index_t state_bytes() const { return 0; }
  /// y = f(x). y may be x[0] where the description says `in_place`.
  virtual void forward(std::span<const T* const> x, T* y, index_t rows, const row_states& state) = 0;
  /// dx[i] = (∂y/∂x[i])ᵀ·dy, overwritten, each an array of its own. dx[0] may be dy where it is `in_place`.
  virtual void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states& state) = 0;
};

/// The code of a backend that operators of a type are opened with.
template <class T>
struct kernel_set;

/// An operator as a model holds it: immutable, and of no type.
class description {
public:
  description() = default;
  description(const description&) = delete;
  description& operator=(const description&) = delete;
  virtual ~description() = default;

  virtual std::unique_ptr<operation<float>> open(const kernel_set<float>& kernels) const = 0;
  virtual std::unique_ptr<operation<double>> open(const kernel_set<double>& kernels) const = 0;
  virtual bool in_place() const { return false; }
  /// Bytes of weights that each row reads.
  virtual index_t weight_bytes() const { return 0; }
};

/// A description whose operation is `Operation<T>(numbers, kernels)`. `Numbers` says whether it is `in_place` and
/// how many `weight_bytes` it has, where that is not no and none.
template <template <class> class Operation, class Numbers>
class described : public description {
public:
  explicit described(Numbers n) : numbers(std::move(n)) {}

  std::unique_ptr<operation<float>> open(const kernel_set<float>& k) const override {
    return std::make_unique<Operation<float>>(numbers, k);
  }
  std::unique_ptr<operation<double>> open(const kernel_set<double>& k) const override {
    return std::make_unique<Operation<double>>(numbers, k);
  }
  bool in_place() const override {
    if constexpr (requires { numbers.in_place; })
      return numbers.in_place;
    else
      return false;
  }
  index_t weight_bytes() const override {
    if constexpr (requires { numbers.weight_bytes(); })
      return numbers.weight_bytes();
    else
      return 0;
  }

  Numbers numbers;
};

/// Runs f(row) for each row with the machine's widest registers.
template <class F>
[[gnu::always_inline]] inline void each_row(index_t rows, const F& f) {
  nn::detail::on_widest_registers([&]<nn::detail::register_plan>() __attribute__((always_inline)) {
    for (index_t r = 0; r < rows; ++r) f(r);
  });
}

} // namespace advx::model::graph
