// expect: advx: networks are trained on the host: open the training session on backend::xtensor
#include <advx/nn/cuda.hpp>
#include <advx/nn/models.hpp>

using backend = advx::backend::thrust<advx::backend::system::cuda>;

auto open(const backend& b) {
#ifdef ADVX_FIXED
  return advx::nn::softmax_regression().session(b, 1);
#else
  return advx::nn::softmax_regression().training_session(b, 1);
#endif
}
