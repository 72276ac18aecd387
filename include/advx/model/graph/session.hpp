/// @file
/// The passes of a network of operators: forward, and gradients with respect to the images. No pass allocates.
#pragma once

#include <advx/model/graph/convolution.hpp>
#include <advx/model/graph/plan.hpp>
#include <advx/nn/gemm.hpp>
#include <advx/nn/pass_limits.hpp>

#include <array>
#include <type_traits>

namespace advx::model::graph {

/// A network opened for one thread and at most `capacity` images a pass, with a backend's `Kernels`, which are those of
/// nn. It keeps the network alive.
///
/// Rows are computed independently: an operator computes each image by itself, and products have one order of additions
/// for any number of rows. So neither tile nor neighbours change a row's bits.
template <class T, class Kernels>
class session {
public:
  session(std::shared_ptr<const network> net, const kernel_set<T>& kernels, index_t capacity)
      : net_(std::move(net)),
        limits_(net_->sizes[0], net_->sizes[at(net_->output)], capacity),
        plan_(make_plan(*net_, capacity, sizeof(T))) {
    [[maybe_unused]] const typename Kernels::pass_guard guard;
    index_t bytes = 0;
    std::size_t most_inputs = 0;
    for (const node& n : net_->nodes) {
      operations_.push_back(n.what->open(kernels));
      state_offsets_.push_back(bytes);
      bytes += (operations_.back()->state_bytes() + 63) / 64 * 64;
      most_inputs = std::max(most_inputs, n.inputs.size());
    }
    for (const auto& [slots, buffers] :
         {std::pair{&plan_.values, &values_}, std::pair{&plan_.gradients, &gradients_}}) {
      buffers->resize(slots->slot_values.size());
      for (std::size_t i = 0; i < buffers->size(); ++i)
        (*buffers)[i].resize(static_cast<std::size_t>(slots->slot_values[i]));
    }
    scratch_.resize(static_cast<std::size_t>(plan_.scratch_values));
    read_.resize(most_inputs);
    written_.resize(most_inputs);
    states_.resize(static_cast<std::size_t>(bytes * capacity));
    for (index_t r = 0; r < capacity; ++r) rows_.push_back(states_.data() + r * bytes);
    chosen_.resize(static_cast<std::size_t>(plan_.tile));
  }

  /// Writes the scores of images.rows ≤ capacity images.
  /// @throws argument_error for more images than the capacity, or rows of the wrong length
  void forward(batch_view<const T> images, batch_view<T> scores) {
    limits_.begin_forward(images, scores);
    run(images, scores, 0);
  }
  /// Continues the last forward: its images stay rows 0, 1, ..., and these follow them.
  /// @throws argument_error as `forward`, for more images together than the capacity, too
  void forward_more(batch_view<const T> images, batch_view<T> scores) {
    const index_t kept = limits_.last_rows;
    limits_.begin_forward(images, scores, kept);
    run(images, scores, kept);
  }
  /// Row i of `gradient` = Jᵀ·(row i of `cotangent`) at image rows[i] of the last `forward`, for any of its rows.
  /// @throws argument_error for a row that the last forward did not have, or wrong shapes
  void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) {
    limits_.check_pullback(rows, cotangent, gradient);
    [[maybe_unused]] const typename Kernels::pass_guard guard;
    const auto count = static_cast<index_t>(rows.size());
    for (index_t first = 0; first < count; first += plan_.tile) {
      const index_t tile = std::min(plan_.tile, count - first);
      for (index_t i = 0; i < tile; ++i) chosen_[at(i)] = rows_[at(rows[at(first + i)])];
      pull_tile(cotangent.row(first), gradient.row(first), tile);
    }
  }

private:
  static std::size_t at(index_t i) noexcept { return static_cast<std::size_t>(i); }
  index_t size(index_t array) const noexcept { return net_->sizes[at(array)]; }

  void run(batch_view<const T> images, batch_view<T> scores, index_t state_row) {
    [[maybe_unused]] const typename Kernels::pass_guard guard;
    for (index_t first = 0; first < images.rows; first += plan_.tile) {
      const index_t tile = std::min(plan_.tile, images.rows - first);
      for (const segment& s : plan_.segments)
        for (index_t row = 0; row < tile; row += s.rows) {
          const index_t rows = std::min(s.rows, tile - row);
          for (std::size_t i = s.first; i < s.last; ++i) {
            const node& n = net_->nodes[i];
            for (std::size_t k = 0; k < n.inputs.size(); ++k) {
              const index_t a = n.inputs[k];
              read_[k] = a == 0 ? images.row(first + row) : address(plan_.values, values_, a, row);
            }
            operations_[i]->forward({read_.data(), n.inputs.size()}, address(plan_.values, values_, n.output, row),
                                    rows, {rows_.data() + state_row + first + row, state_offsets_[i]});
          }
        }
      const T* from = net_->output == 0 ? images.row(first) : address(plan_.values, values_, net_->output, 0);
      std::copy_n(from, tile * scores.cols, scores.row(first));
    }
  }

  void pull_tile(const T* cotangent, T* gradient, index_t tile) {
    T* top = net_->output == 0 ? gradient : address(plan_.gradients, gradients_, net_->output, 0);
    std::copy_n(cotangent, tile * size(net_->output), top);
    for (std::size_t p = plan_.segments.size(); p-- > 0;) {
      const segment& s = plan_.segments[p];
      for (index_t row = 0; row < tile; row += s.rows)
        for (std::size_t i = s.last; i-- > s.first;) pull_node(i, gradient, row, std::min(s.rows, tile - row));
    }
  }

  void pull_node(std::size_t i, T* gradient, index_t row, index_t rows) {
    const node& n = net_->nodes[i];
    const auto target = [&](index_t a) {
      return a == 0 ? gradient + row * size(0) : address(plan_.gradients, gradients_, a, row);
    };
    T* scratch = scratch_.data();
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      written_[k] = plan_.adds[i][k] ? scratch : target(n.inputs[k]);
      if (plan_.adds[i][k]) scratch += rows * size(n.inputs[k]);
    }
    operations_[i]->pullback(address(plan_.gradients, gradients_, n.output, row), {written_.data(), n.inputs.size()},
                             rows, {chosen_.data() + row, state_offsets_[i]});
    for (std::size_t k = 0; k < n.inputs.size(); ++k)
      if (plan_.adds[i][k]) add(written_[k], target(n.inputs[k]), rows * size(n.inputs[k]));
  }

  static void add(const T* from, T* to, index_t count) {
    each_row(
        1, [&](index_t) __attribute__((always_inline)) {
          for (index_t j = 0; j < count; ++j) to[j] += from[j];
        });
  }

  using memory = std::vector<nn::detail::aligned_vector<T>>;
  T* address(const slot_plan& slots, memory& m, index_t array, index_t row) const noexcept {
    const location& l = slots.where[at(array)];
    return m[l.slot].data() + (l.local ? 0 : row * size(array));
  }

  std::shared_ptr<const network> net_;
  nn::detail::pass_limits limits_;
  plan plan_;
  std::vector<std::unique_ptr<operation<T>>> operations_;
  memory values_, gradients_;
  nn::detail::aligned_vector<T> scratch_;
  std::vector<const T*> read_;
  std::vector<T*> written_;
  std::vector<index_t> state_offsets_;
  nn::detail::aligned_vector<std::byte> states_;
  std::vector<std::byte*> rows_, chosen_;
};

} // namespace advx::model::graph
