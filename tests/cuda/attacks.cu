#include <advx/thrust_cuda.hpp>

#include "cuda/linear_attacks.hpp"

cuda_tests::attacked cuda_tests::attack_on_device(const std::string& name, index_t images, bool one_step) {
  return attack_linear<advx::backend::thrust_cuda>(name, images, one_step);
}
