#include <advx/backend/thrust/cuda.hpp>
#include <advx/backend/thrust/cuda_algorithms.hpp>
#include <advx/kernel/dense.hpp>
#include <advx/kernel/gather.hpp>
#include <advx/kernel/order.hpp>

#include <thrust/sort.h>

#include <algorithm>
#include <optional>

#include "backend/programs.hpp"
#include "cuda/primitives.hpp"

namespace cuda_tests {

namespace {

using device = advx::backend::thrust<advx::backend::system::cuda>;

template <class T>
device::buffer<T> uploaded(const device& backend, const std::vector<T>& values) {
  auto buffer = backend.allocate<T>(index_t(values.size()));
  backend.upload(values.data(), index_t(values.size()), buffer.data());
  return buffer;
}
template <class T>
void download(const device& backend, const device::buffer<T>& buffer, std::vector<T>& values) {
  values.resize(buffer.size());
  backend.download(buffer.data(), index_t(values.size()), values.data());
}

template <class T>
struct reduce_program {
  const T* values;
  row_answers<T>* answers;
  index_t columns;

  template <class Team>
  constexpr void operator()(const Team& team, index_t r) const {
    const auto get = [row = values + r * columns](index_t j) { return row[j]; };
    answers[r] = {team.template sum<T>(columns, get), team.template max<T>(columns, get),
                  team.template argmax<T>(columns, get), team.count(columns, [=](index_t j) { return get(j) > T(0); })};
  }
};

struct bits_program {
  std::uint32_t* bits;
  std::uint64_t seed;
  index_t columns;

  template <class Team>
  constexpr void operator()(const Team& team, index_t r) const {
    const advx::kernel::random_stream random{seed, static_cast<std::uint32_t>(r), 3};
    team.each(columns, [=, row = bits + r * columns](index_t j) { row[j] = random.bits(j); });
  }
};

struct networks_program {
  double *matrix, *side;
  index_t equations;
  float* values;
  index_t* order;
  index_t columns;
  std::int32_t* solved;

  template <class Team>
  constexpr void operator()(const Team& team, index_t) const {
    advx::kernel::sort_columns(team, columns, order, [v = values](index_t j) { return v[j]; });
    advx::kernel::prefix_sum(team, columns, values);
    *solved = advx::kernel::solve(team, equations, matrix, side) ? 1 : 0;
  }
};

} // namespace

index_t block_size() { return advx::backend::cuda_block::size; }
index_t block_group() { return advx::backend::cuda_block::group; }

template <class T>
std::vector<row_answers<T>> reduce_rows(const std::vector<T>& values, index_t rows, index_t columns) {
  const device backend;
  const auto from = uploaded(backend, values);
  auto to = backend.allocate<row_answers<T>>(rows);
  backend.rows(rows, reduce_program<T>{from.data(), to.data(), columns});
  std::vector<row_answers<T>> out;
  download(backend, to, out);
  return out;
}
template std::vector<row_answers<float>> reduce_rows(const std::vector<float>&, index_t, index_t);
template std::vector<row_answers<double>> reduce_rows(const std::vector<double>&, index_t, index_t);

template <class T>
void run_mixed(std::vector<T>& values, std::vector<T>& sums, std::vector<index_t>& marks, index_t columns) {
  const device backend;
  auto v = uploaded(backend, values), s = uploaded(backend, sums);
  auto m = uploaded(backend, marks);
  backend.rows(index_t(marks.size()), backend_tests::mixed_program<T>{v.data(), s.data(), m.data(), columns});
  download(backend, v, values);
  download(backend, s, sums);
  download(backend, m, marks);
}
template void run_mixed(std::vector<float>&, std::vector<float>&, std::vector<index_t>&, index_t);
template void run_mixed(std::vector<double>&, std::vector<double>&, std::vector<index_t>&, index_t);

std::vector<std::uint32_t> random_bits(std::uint64_t seed, index_t rows, index_t columns) {
  const device backend;
  auto to = backend.allocate<std::uint32_t>(rows * columns);
  backend.rows(rows, bits_program{to.data(), seed, columns});
  std::vector<std::uint32_t> out;
  download(backend, to, out);
  return out;
}

void run_networks(networks& n) {
  const device backend;
  auto matrix = uploaded(backend, n.matrix), side = uploaded(backend, n.side);
  auto values = uploaded(backend, n.values);
  auto order = backend.allocate<index_t>(index_t(n.values.size()));
  auto solved = backend.allocate<std::int32_t>(1);
  backend.rows(1, networks_program{matrix.data(), side.data(), index_t(n.side.size()), values.data(), order.data(),
                                   index_t(n.values.size()), solved.data()});
  download(backend, side, n.side);
  download(backend, values, n.values);
  download(backend, order, n.order);
  std::vector<std::int32_t> flag;
  download(backend, solved, flag);
  n.solved = flag[0] == 1;
}

std::vector<float> there_and_back(const std::vector<float>& values, const std::vector<index_t>& list, index_t columns) {
  const device backend;
  const auto chosen = index_t(list.size());
  const auto from = uploaded(backend, values);
  const auto rows = uploaded(backend, list);
  auto side = backend.allocate<float>(chosen * columns), to = backend.allocate<float>(index_t(values.size()));
  backend.rows(chosen, advx::kernel::gather_rows<float>{from.data(), rows.data(), side.data(), columns});
  backend.rows(chosen, advx::kernel::scatter_rows<float>{side.data(), rows.data(), to.data(), columns});
  std::vector<float> out;
  download(backend, to, out);
  return out;
}

std::vector<std::int32_t> visits(index_t n) {
  const device backend;
  auto to = backend.allocate<std::int32_t>(n);
  backend.rows(n, backend_tests::count_row{to.data()});
  std::vector<std::int32_t> out;
  download(backend, to, out);
  return out;
}

bool buffers_hold(index_t n) {
  std::optional<device> backend(std::in_place);
  const std::vector<float> sevens(std::size_t(n), 7.0F);
  std::vector<float> back;
  (void)uploaded(*backend, sevens); // dirt for the next allocation
  auto buffer = backend->allocate<float>(n);
  download(*backend, buffer, back);
  if (back != std::vector<float>(std::size_t(n), 0.0F)) return false;
  backend->upload(sevens.data(), n, buffer.data());
  auto moved = std::move(buffer);
  device copy = *backend;
  backend.reset();
  download(copy, moved, back);
  return back == sevens && buffer.size() == 0;
}

std::string too_large(index_t bytes, bool& works_on) {
  const device backend;
  std::string said;
  try {
    (void)backend.allocate<char>(bytes);
  } catch (const advx::device_memory_error& e) {
    said = e.what();
  }
  std::vector<float> back;
  download(backend, uploaded(backend, std::vector<float>{1, 2, 3}), back);
  works_on = back == std::vector<float>{1, 2, 3};
  return said;
}

std::string copy_from_nowhere() {
  const device backend;
  float value = 0;
  try {
    backend.download(static_cast<const float*>(nullptr), 1, &value);
  } catch (const advx::device_error& e) {
    return e.what();
  }
  return {};
}

std::vector<float> sorted(const std::vector<float>& values) {
  const device backend;
  auto buffer = uploaded(backend, values);
  advx::backend::cuda_algorithms on(backend);
  ::thrust::sort(on.policy(), buffer.data(), buffer.data() + buffer.size());
  std::vector<float> out;
  download(backend, buffer, out);
  return out;
}

} // namespace cuda_tests
