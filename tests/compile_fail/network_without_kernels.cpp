// expect: advx: networks have no kernels for this backend here: backend::xtensor needs #include <advx/nn/xtensor.hpp>
#include <advx/nn/models.hpp>

struct my_backend;

template <>
struct advx::nn::kernels<my_backend> : advx::nn::standard_kernels {};

#ifdef ADVX_FIXED
using backend = my_backend;
#else
using backend = advx::backend::xtensor;
#endif

auto open(backend& b) { return advx::nn::softmax_regression().session(b, 1); }
