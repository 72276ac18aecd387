/// @file
/// What a network's session knows of its passes, and which it refuses.
#pragma once

#include <advx/core/batch_view.hpp>
#include <advx/core/error.hpp>

#include <span>
#include <string>

namespace advx::nn::detail {

/// The sizes that a session's passes must have.
struct pass_limits {
  index_t inputs;        ///< values of an image
  index_t outputs;       ///< scores of an image
  index_t capacity;      ///< images a pass, at most
  index_t last_rows = 0; ///< images of the last forward

  pass_limits(index_t image_size, index_t class_count, index_t rows)
      : inputs(image_size),
        outputs(class_count),
        capacity(rows) {
    if (rows < 1)
      throw argument_error("advx: a session's capacity is " + std::to_string(rows) + "; it must be at least 1");
  }

  /// Checks a forward's arguments and remembers its rows, `kept` of the last one's before them.
  template <class T>
  void begin_forward(batch_view<const T> images, batch_view<T> scores, index_t kept = 0) {
    check("images", images, inputs, kept);
    check("scores", scores, outputs, kept);
    if (scores.rows != images.rows) fail("scores", "rows", scores.rows, images.rows);
    last_rows = kept + images.rows;
  }

  template <class T>
  void check_pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) const {
    const auto count = static_cast<index_t>(rows.size());
    check("cotangent", cotangent, outputs);
    check("gradient", gradient, inputs);
    if (cotangent.rows != count) fail("cotangent", "rows", cotangent.rows, count);
    if (gradient.rows != count) fail("gradient", "rows", gradient.rows, count);
    for (const index_t row : rows)
      if (row < 0 || row >= last_rows)
        throw argument_error("advx: pullback of row " + std::to_string(row) + ", but the last forward had " +
                             std::to_string(last_rows) + " rows; ask for rows of that forward only");
  }

  template <class T>
  void check_whole_pullback(batch_view<const T> cotangent) const {
    check("cotangent", cotangent, outputs);
    if (cotangent.rows != last_rows) fail("cotangent", "rows", cotangent.rows, last_rows);
  }

private:
  [[noreturn]] static void fail(const char* argument, const char* extent, index_t is, index_t must) {
    throw argument_error(std::string("advx: ") + argument + " has " + std::to_string(is) + " " + extent +
                         "; the network needs " + std::to_string(must));
  }
  template <class V>
  void check(const char* argument, batch_view<V> view, index_t columns, index_t kept = 0) const {
    if (view.cols != columns) fail(argument, "columns", view.cols, columns);
    if (kept + view.rows > capacity)
      throw argument_error(std::string("advx: ") + argument + " has " + std::to_string(kept + view.rows) +
                           " rows, more than the session's capacity, " + std::to_string(capacity) +
                           "; open a session with a larger one");
  }
};

} // namespace advx::nn::detail
