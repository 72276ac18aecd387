// A user's own linear model on xtensor, without attacks: the ground that xtensor_pgd.cpp stands on.
#include <xtensor/xarray.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>

int main() {
  const xt::xtensor<float, 2> weights = xt::ones<float>({10, 784});
  const xt::xarray<float> images = xt::zeros<float>({4, 784});
  xt::xtensor<float, 1> scores = xt::zeros<float>({std::size_t(10)});
  xt::noalias(scores) = 2.0F * scores + 1.0F;
  return static_cast<int>(images.size() + weights.size() + scores.size()) % 2;
}
