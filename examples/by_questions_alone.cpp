// A model that answers scores and no more: PGD with gradients estimated from random directions, beside PGD with the
// network's own, and ZOO; then HopSkipJump, which is told labels alone.
//
//     by_questions_alone [FOLDER]     FOLDER: the data of the project, "data" by default
#include <advx/attack/zoo_presets.hpp>
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/model/callable.hpp>
#include <advx/model/nes.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) try {
  namespace attack = advx::attack;
  using advx::batch_view;
  const std::string folder = argc > 1 ? argv[1] : "data";
  auto net = advx::nn::mlp_sigmoid();
  advx::nn::load(folder + "/weights/mlp_mnist.npz", net);
  const auto sample = advx::data::read_npz(folder + "/mnist/sample.npz");
  const auto digits = advx::data::to_unit_interval(sample.at("images"));
  auto labels = advx::data::labels(sample.at("labels"));
  labels.resize(20);
  const advx::goal::untargeted goal{labels};

  // A service: it is asked for the scores of some images, or for their classes, and nothing else is known of it.
  advx::backend::xtensor backend;
  auto session = net.session(backend, 1024);
  const auto scores = [&](batch_view<const float> x, batch_view<float> z) { session.forward(x, z); };
  const auto classes = [&](batch_view<const float> x, std::span<advx::label_t> y) {
    advx::batch<float> z(x.rows, 10);
    session.forward(x, z.view());
    for (advx::index_t i = 0; i < x.rows; ++i)
      y[std::size_t(i)] = advx::label_t(std::max_element(z.row(i), z.row(i) + 10) - z.row(i));
  };
  const advx::model::callable tells_scores(784, 10, scores);
  const advx::model::callable tells_classes(784, 10, classes);

  std::printf("%-44s %8s %8s %8s %10s\n", "attack", "success", "L2", "Linf", "answers");
  const auto row = [&](const char* name, const auto& recipe, const auto& model, double answers_per_gradient,
                       const advx::options& settings = {}) {
    const auto r = advx::run(recipe, model, digits.view().slice(0, 20), goal, settings, advx::backend::xtensor{});
    double answers = 0;
    for (std::size_t i = 0; i < r.success.size(); ++i)
      answers += double(r.queries[i]) + answers_per_gradient * double(r.pullback_rows[i]);
    std::printf("%-44s %6.0f %% %8.2f %8.3f %10.0f\n", name, 100 * r.success_rate(), r.mean_over_successes(r.l2),
                r.mean_over_successes(r.linf), answers / double(r.success.size()));
  };

  const attack::pgd_linf pgd{.epsilon = 0.1, .steps = 40};
  row("PGD with the network's gradients", pgd, net, 0);
  const advx::model::nes gaussian(tells_scores, 100, 1e-2);
  row("PGD with 100 answers a gradient (NES)", pgd, gaussian, double(gaussian.queries_per_pullback()));
  const advx::model::nes signs(tells_scores, 100, 1e-2, 0, advx::model::directions::signs);
  row("PGD with 100 answers a gradient (SPSA)", pgd, signs, double(signs.queries_per_pullback()));
  row("ZOO-Adam", attack::zoo_adam{.search_steps = 4, .steps = 100, .step = 0.05, .constant = 0.3, .difference = 1e-2},
      tells_scores, 0);
  advx::options two_thousand;
  two_thousand.budget.queries = 2000;
  row("HopSkipJump in L2, 2,000 labels", attack::hop_skip_jump_l2{}, tells_classes, 0, two_thousand);
  row("HopSkipJump in Linf, 2,000 labels", attack::hop_skip_jump_linf{}, tells_classes, 0, two_thousand);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
