// A model of one's own in three ways: a struct with a session, plain functions, and scores alone.
//
//     your_own_model [FOLDER]     FOLDER: the data of the project, "data" by default
#include <advx/advx.hpp>
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/model/callable.hpp>
#include <advx/model/finite_difference.hpp>
#include <advx/testing/check_model.hpp>
#include <advx/testing/check_vjp.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <vector>

using advx::batch;
using advx::batch_view;
using advx::index_t;
using advx::label_t;

namespace {

/// The nearest mean: the score of class k is −‖x − mean of class k‖² / 2.
struct nearest_mean {
  // What the library asks of a model: its scalar, the scale of its scores, two sizes, and sessions.
  using scalar = float;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true;    // sessions share nothing that changes
  static constexpr bool row_invariant = true; // a row's scores do not depend on its batch; the kit below checks it
  index_t input_size() const { return means.cols(); }
  index_t class_count() const { return means.rows(); }

  /// All that a pass writes is in its session. This one keeps a copy of the images, where pullback looks them up.
  struct session_type {
    const nearest_mean* model;
    batch<float> images;

    void forward(batch_view<const float> x, batch_view<float> scores) {
      std::copy_n(x.data, x.size(), images.data());
      model->score(x, scores);
    }
    void pullback(std::span<const index_t> rows, batch_view<const float> cotangent, batch_view<float> gradient) {
      for (index_t i = 0; i < cotangent.rows; ++i)
        model->pull(images.row(rows[static_cast<std::size_t>(i)]), cotangent.row(i), gradient.row(i));
    }
  };
  template <class Backend>
  session_type session(Backend&, index_t capacity) const {
    return {this, batch<float>(capacity, input_size())};
  }

  // The mathematics.
  batch<float> means;

  void score(batch_view<const float> x, batch_view<float> scores) const {
    for (index_t i = 0; i < x.rows; ++i)
      for (index_t k = 0; k < means.rows(); ++k) {
        float squares = 0;
        for (index_t j = 0; j < x.cols; ++j) {
          const float d = x.row(i)[j] - means.row(k)[j];
          squares += d * d;
        }
        scores.row(i)[k] = -squares / 2;
      }
  }
  void pull(const float* x, const float* v, float* gradient) const {
    std::fill_n(gradient, means.cols(), 0.f);
    for (index_t k = 0; k < means.rows(); ++k)
      for (index_t j = 0; j < means.cols(); ++j) gradient[j] += v[k] * (means.row(k)[j] - x[j]);
  }
};

nearest_mean learn(batch_view<const float> images, std::span<const label_t> labels) {
  nearest_mean model{batch<float>(10, images.cols)};
  std::vector<float> count(10);
  for (const label_t y : labels) ++count[static_cast<std::size_t>(y)];
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (index_t j = 0; j < images.cols; ++j)
      model.means.row(labels[i])[j] +=
          images.row(static_cast<index_t>(i))[j] / count[static_cast<std::size_t>(labels[i])];
  return model;
}

} // namespace

int main(int argc, char** argv) try {
  const auto sample = advx::data::read_npz(std::string(argc > 1 ? argv[1] : "data") + "/mnist/sample.npz");
  const auto digits = advx::data::to_unit_interval(sample.at("images"));
  const auto labels = advx::data::labels(sample.at("labels"));
  const index_t attacked = 20;
  const nearest_mean model =
      learn(digits.view().slice(attacked, digits.rows() - attacked), std::span(labels).subspan(attacked));

  // Is the model what it says it is?
  for (const auto& report : {advx::testing::check_model(model), advx::testing::check_vjp(model)})
    if (!report) throw advx::model_error("advx: " + report.fault);

  std::printf("%-24s %8s %8s %8s\n", "model", "clean", "success", "L2");
  const auto row = [&](const char* name, const auto& net) {
    const advx::goal::untargeted goal{std::span(labels).first(attacked)};
    // The margin keeps its gradient where the softmax of scores as large as these has none left.
    const advx::attack::budget attack{
        advx::norm::l2{}, advx::loss::margin{},
        advx::optimizer::steepest<advx::optimizer::direction::normalised>{.step = 0.4, .steps = 10},
        advx::start::original{}, advx::radius::fixed{4}};
    const auto r = advx::run(attack, net, digits.view().slice(0, attacked), goal);
    index_t correct = 0;
    for (std::size_t i = 0; i < r.clean_labels.size(); ++i) correct += r.clean_labels[i] == labels[i] ? 1 : 0;
    std::printf("%-24s %6.0f %% %6.0f %% %8.2f\n", name, 100.0 * double(correct) / double(attacked),
                100 * r.success_rate(), r.mean_over_successes(r.l2));
  };
  row("a struct with a session", model);

  // The same from two functions. A third-party library would be called here.
  const auto scores = [&](batch_view<const float> x, batch_view<float> z) { model.score(x, z); };
  const auto vjp = [&](batch_view<const float> x, batch_view<const float> v, batch_view<float> gradient) {
    for (index_t i = 0; i < x.rows; ++i) model.pull(x.row(i), v.row(i), gradient.row(i));
  };
  row("two functions", advx::model::callable{model.input_size(), model.class_count(), scores, vjp});

  // And from its scores alone: 2 × 784 of them for each gradient.
  row("scores alone",
      advx::model::finite_difference{advx::model::callable{model.input_size(), model.class_count(), scores}});
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
