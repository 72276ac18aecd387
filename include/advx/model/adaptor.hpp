/// @file
/// What every adaptor of a model shares: the facts that it passes on, and the checks of its sessions.
#pragma once

#include <advx/concepts/model.hpp>
#include <advx/core/error.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace advx::model {

/// What the compiler must know of a model beside its functions.
struct claims {
  score_scale scale = score_scale::logits;
  bool concurrent = false;    ///< its functions may run on several threads at once
  bool row_invariant = false; ///< row i of an answer has the same bits in every batch
};

namespace detail {

template <class Model>
struct scale_member {};
template <class Model>
  requires requires { std::remove_cvref_t<Model>::scale; }
struct scale_member<Model> {
  static constexpr score_scale scale = std::remove_cvref_t<Model>::scale;
};

/// Holds a model and has its scalar, its scale (if it has one), its promises and its sizes. `Model` may be a reference
/// type: then nothing is copied, and the model must outlive the adaptor.
template <class Model>
class adaptor : public scale_member<Model> {
public:
  using scalar = scalar_of<Model>;
  static constexpr bool concurrent = is_concurrent<Model>;
  static constexpr bool row_invariant = is_row_invariant<Model>;

  explicit adaptor(Model model) : inner_(std::forward<Model>(model)) {}

  index_t input_size() const { return inner_.input_size(); }
  index_t class_count() const { return inner_.class_count(); }

protected:
  const std::remove_cvref_t<Model>& inner() const { return inner_; }

private:
  Model inner_;
};

/// An adaptor's own arithmetic is done by the host, and so are the functions of a callable.
template <class Backend>
constexpr void require_host_memory() {
  constexpr bool on_device = [] {
    if constexpr (requires { Backend::asynchronous; })
      return bool{Backend::asynchronous};
    else
      return false;
  }();
  static_assert(!on_device, "advx: this model computes in the host's memory; on a device attack a model whose sessions "
                            "work there, such as advx::nn's, or take backend::thrust<system::omp> [docs/models.md]");
}

/// Throws argument_error unless `n` is at least `least`.
inline void require_count(const char* who, const char* what, index_t n, index_t least) {
  if (n < least)
    throw argument_error(std::string("advx: ") + who + ": " + what + " is " + std::to_string(n) +
                         ", and must be at least " + std::to_string(least));
}

/// Throws argument_error where a pass has more rows than the session has room for.
inline void require_room(const char* who, index_t rows, index_t capacity) {
  if (rows > capacity)
    throw argument_error(std::string("advx: ") + who + ": a pass of " + std::to_string(rows) +
                         " rows in a session with a capacity of " + std::to_string(capacity) +
                         "; open a session with a larger one");
}

} // namespace detail
} // namespace advx::model
