// expect: advx: this model computes in the host's memory
#include <advx/model/graph/classifier.hpp>

struct my_backend {
#ifdef ADVX_FIXED
  static constexpr bool asynchronous = false;
#else
  static constexpr bool asynchronous = true;
#endif
};

template <>
struct advx::nn::kernels<my_backend> : advx::nn::standard_kernels {};

auto open(my_backend& b, const advx::model::graph::classifier<>& net) { return net.session(b, 1); }
