#include <cmath>

#include "table6.hpp"

namespace {

using namespace table6;

/// 61 radii, each 10^(1/20) of the one before: the thesis' range, from `least` to 1000·least, on a coarser grid.
template <class MakeAttack>
void search(const char* name, const network& model, const advx::batch<float>& images, const advx::goal::targeted& goal,
            double least, const MakeAttack& attack, const published& p) {
  tally t;
  t.images = double(images.rows());
  std::vector<advx::index_t> left;
  for (advx::index_t i = 0; i < images.rows(); ++i) left.push_back(i);
  for (int k = 0; k <= 60 && !left.empty(); ++k) {
    advx::batch<float> x(static_cast<advx::index_t>(left.size()), images.cols());
    advx::goal::targeted g;
    for (std::size_t i = 0; i < left.size(); ++i) {
      std::copy_n(images.row(left[i]), images.cols(), x.row(static_cast<advx::index_t>(i)));
      g.labels.push_back(goal.labels[static_cast<std::size_t>(left[i])]);
      g.targets.push_back(goal.targets[static_cast<std::size_t>(left[i])]);
    }
    const auto r = advx::run(attack(least * std::pow(10.0, k / 20.0)), model, x, g, {}, advx::backend::xtensor{});
    std::vector<advx::index_t> failed;
    for (std::size_t i = 0; i < left.size(); ++i)
      if (r.success[i] != 0)
        t.add(r, i);
      else
        failed.push_back(left[i]);
    left = failed;
  }
  print(name, t, p);
}

template <class Norm>
void both(const char* single, const char* iterated, const network& model, const advx::batch<float>& images,
          const advx::goal::targeted& goal, double least, const published& of_single, const published& of_iterated) {
  search(
      single, model, images, goal, least, [](double e) { return advx::attack::fast_gradient<Norm>{.epsilon = e}; },
      of_single);
  search(
      iterated, model, images, goal, least,
      [](double e) { return advx::attack::iterative_fast_gradient<Norm>{.epsilon = e}; }, of_iterated);
}

} // namespace

void table6::fast_gradients(const network& model, const advx::batch<float>& images, const advx::goal::targeted& goal) {
  using namespace advx::norm;
  both<l1>("FGM-L1", "I-FGM-L1", model, images, goal, 1, {39, 53.5, 4.186, 0.782}, {100, 32.94, 2.606, 0.591});
  both<l2>("FGM-L2", "I-FGM-L2", model, images, goal, 1e-2, {34.6, 39.15, 3.284, 0.747}, {100, 30.32, 2.41, 0.561});
  both<linf>("FGM-Linf", "I-FGM-Linf", model, images, goal, 1e-3, {42.5, 127.2, 6.09, 0.296},
             {100, 71.39, 3.472, 0.227});
}
