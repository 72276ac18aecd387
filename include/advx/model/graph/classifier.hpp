/// @file
/// A network of operators as a model.
#pragma once

#include <advx/model/adaptor.hpp>
#include <advx/model/graph/session.hpp>
#include <advx/nn/kernels.hpp>
#if defined(ADVX_WITH_ONEDNN)
#include <advx/model/graph/onednn.hpp>
#endif

namespace advx::model {

namespace graph {

/// The kernels of a backend: those that nn has for it. Where nn convolves by oneDNN, so does a graph.
template <class T, class Kernels>
constexpr kernel_set<T> kernels_of() {
#if defined(ADVX_WITH_ONEDNN)
  if constexpr (std::is_same_v<T, float>)
    if constexpr (std::is_same_v<typename Kernels::template convolution<float>, nn::detail::onednn::convolution>)
      return {make_onednn_convolution};
#endif
  return {make_standard_convolution<T>};
}

/// A classifier whose scores are on the scale `Scale`, in T. It is copied cheaply: copies share the network.
template <score_scale Scale = score_scale::logits, class T = float>
class classifier {
public:
  using scalar = T;
  static constexpr score_scale scale = Scale;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;

  /// @throws argument_error for fewer than two classes
  classifier(network net, extents image)
      : net_(std::make_shared<const network>(std::move(net))),
        image_(std::move(image)) {
    model::detail::require_count("model::graph::classifier", "class_count", class_count(), 2);
  }

  index_t input_size() const { return net_->sizes[0]; }
  index_t class_count() const { return net_->sizes[static_cast<std::size_t>(net_->output)]; }
  /// The extents of one image, as channels × height × width.
  const extents& image_extents() const { return image_; }
  /// The operators, for whoever wants to look at them.
  const network& operators() const { return *net_; }

  /// Opens it for one thread and at most `capacity` images a pass, on a host backend: backend::reference, or one whose
  /// kernels nn has (`<advx/nn/xtensor.hpp>`, `<advx/nn/thrust.hpp>`).
  /// @throws argument_error for a capacity below 1
  template <class Backend>
  auto session(Backend& backend, index_t capacity) const {
    model::detail::require_host_memory<Backend>();
    return nn::opener<std::remove_const_t<Backend>>::session(backend, *this, capacity);
  }
  /// The session that runs in one thread with these kernels; for `nn::opener`. There is none for training.
  template <class Kernels, bool Training>
    requires(!Training)
  auto open(index_t capacity) const { return graph::session<T, Kernels>(net_, kernels_of<T, Kernels>(), capacity); }

  /// The same in another precision.
  template <class U>
  classifier<Scale, U> as() const {
    return {net_, image_};
  }

private:
  template <score_scale, class>
  friend class classifier;
  classifier(std::shared_ptr<const network> net, extents image) : net_(std::move(net)), image_(std::move(image)) {}

  std::shared_ptr<const network> net_;
  extents image_;
};

} // namespace graph
} // namespace advx::model
