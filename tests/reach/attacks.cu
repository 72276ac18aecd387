// Every attack, by way of the launches that a run makes.
#include <advx/advx.hpp>

#include "attack/support.hpp"

template <class T>
void run(const attack_test::watched<T>& model, const advx::batch<T>& images, const std::vector<int>& labels) {
  namespace attack = advx::attack;
  const auto on = [&](const auto& a) {
    (void)advx::run(a, model, images, advx::goal::untargeted{labels}, {}, reach::device{});
  };
  on(attack::fgm_l1{});
  on(attack::fgm_l2{});
  on(attack::fgm_linf{});
  on(attack::ifgm_l1{});
  on(attack::pgd_l1{});
  on(attack::pgd_l2{});
  on(attack::pgd_linf{});
  on(attack::carlini_wagner_l2{});
  on(attack::elastic_net{});
  on(attack::elastic_net_change_of_variable<advx::optimizer::sgd>{});
  on(attack::elastic_net_change_of_variable<advx::optimizer::adagrad>{});
  on(attack::elastic_net_change_of_variable<advx::optimizer::rmsprop>{});
  on(attack::lbfgs{});
  on(attack::tabacof_valle{});
  on(attack::carlini_wagner_linf{});
  on(attack::carlini_wagner_l0{});
  on(attack::deepfool_l1{});
  on(attack::deepfool_l2{});
  on(attack::deepfool_linf{});
  on(attack::sparsefool{});
  on(attack::jsma{});
  on(attack::mi_fgm_l1{});
  on(attack::fgm_grid_l2{});
  on(attack::ifgm_bisection_linf{});
  on(attack::one_pixel{});
  on(attack::square_linf{});
  on(attack::square_l2{});
  on(attack::gen_attack{});
}

template void run(const attack_test::watched<float>&, const advx::batch<float>&, const std::vector<int>&);
template void run(const attack_test::watched<double>&, const advx::batch<double>&, const std::vector<int>&);
