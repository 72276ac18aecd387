// The kernels, by way of row programs that call them.
#include <advx/kernel/all_finite.hpp>
#include <advx/kernel/dense.hpp>
#include <advx/kernel/gather.hpp>
#include <advx/kernel/gradient_norm.hpp>
#include <advx/kernel/margin.hpp>
#include <advx/kernel/order.hpp>
#include <advx/kernel/select.hpp>

#include "backend/programs.hpp"

namespace {

template <class T>
struct everything {
  T *values, *other;
  advx::index_t* order;
  advx::index_t n;

  template <class Team>
  constexpr void operator()(const Team& team, advx::index_t r) const {
    namespace kernel = advx::kernel;
    const auto get = [row = values + r * n](advx::index_t j) { return row[j]; };
    kernel::sort_columns(team, n, order, get);
    kernel::prefix_sum(team, n, values);
    bool good = kernel::solve(team, n, values, other) && kernel::all_finite(team, values, n);
    const auto chosen = kernel::select_top<T>(team, n, 3, get);
    const auto summary = kernel::summarise_scores(values, n, advx::row_goal{0});
    const auto scale = kernel::inverse_l2<T>(team, n, get);
    good = good && chosen(0, values[0]) && summary.finite;
    team.each(n, [=, to = other](advx::index_t j) {
      to[j] = scale(kernel::exp(get(j))) + kernel::log(get(j)) + kernel::sigmoid(get(j)) + kernel::atanh(get(j)) +
              kernel::square_root(get(j)) + kernel::vector_sqrt(get(j)) + T(good);
    });
  }
};

} // namespace

void run(const reach::device& on) {
  on.rows(1, everything<float>{});
  on.rows(1, everything<double>{});
  on.rows(1, backend_tests::mixed_program<float>{});
  on.rows(1, advx::kernel::gather_rows<float>{});
  on.rows(1, advx::kernel::scatter_rows<float>{});
}
