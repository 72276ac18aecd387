// The primitives of the CUDA backend as plain functions.
#pragma once

#include <advx/core/types.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cuda_tests {

using advx::index_t;

template <class T>
struct row_answers {
  T sum, max;
  index_t argmax, count; ///< count of values above 0
};

/// Threads of a block, and of them those that exchange values: the order of a sum follows from these.
index_t block_size();
index_t block_group();

/// The primitives over each row of `values`.
template <class T>
std::vector<row_answers<T>> reduce_rows(const std::vector<T>& values, index_t rows, index_t columns);

/// backend_tests::mixed_program over `values`, which it changes.
template <class T>
void run_mixed(std::vector<T>& values, std::vector<T>& sums, std::vector<index_t>& marks, index_t columns);

/// Philox's bits for (seed, image r, stream 3, coordinate j).
std::vector<std::uint32_t> random_bits(std::uint64_t seed, index_t rows, index_t columns);

/// One system of m equations, its solution, and a row of numbers.
struct networks {
  std::vector<double> matrix, side; ///< m × m and m values: `side` becomes the solution
  std::vector<float> values;        ///< become their prefix sums
  std::vector<index_t> order;       ///< receives the values' columns, greatest first, as they were before
  bool solved = false;
};
/// kernel::sort_columns, prefix_sum and solve in one row program.
void run_networks(networks& n);

/// Rows `list` of `values`, gathered and scattered back into zeros.
std::vector<float> there_and_back(const std::vector<float>& values, const std::vector<index_t>& list, index_t columns);

/// How often backend_tests::count_row has visited each of n rows.
std::vector<std::int32_t> visits(index_t n);

/// Are buffers zeroed after memory was used and given back, and do values survive a move and the backend's end?
bool buffers_hold(index_t n);

/// What is thrown when `bytes` are asked for, and does the backend work on afterwards? "" where nothing is thrown.
std::string too_large(index_t bytes, bool& works_on);

/// What is thrown when a null pointer of the device is read.
std::string copy_from_nowhere();

/// Thrust's sort in the backend's stream.
std::vector<float> sorted(const std::vector<float>& values);

} // namespace cuda_tests
