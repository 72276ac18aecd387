#include <advx/backend/thrust/cuda.hpp>

#include "cuda/support.hpp"

std::string cuda_tests::missing_device() {
  try {
    const advx::backend::thrust<advx::backend::system::cuda> backend;
    return {};
  } catch (const advx::device_error& e) {
    return e.what();
  }
}
