// xtensor, and PGD in L∞ on a model that the user wrote.
#include <advx/xtensor.hpp>

#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>

#include <vector>

namespace {

/// scores = W·x.
struct linear_model {
  using scalar = float;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true, row_invariant = true;

  xt::xtensor<float, 2> weights; // classes × inputs

  advx::index_t input_size() const { return static_cast<advx::index_t>(weights.shape(1)); }
  advx::index_t class_count() const { return static_cast<advx::index_t>(weights.shape(0)); }

  struct session_type {
    const linear_model* model;

    void forward(advx::batch_view<const float> x, advx::batch_view<float> z) const {
      for (advx::index_t i = 0; i < x.rows; ++i)
        for (advx::index_t k = 0; k < z.cols; ++k) {
          float sum = 0;
          for (advx::index_t j = 0; j < x.cols; ++j) sum += model->weights.data()[k * x.cols + j] * x.row(i)[j];
          z.row(i)[k] = sum;
        }
    }
    void pullback(std::span<const advx::index_t> rows, advx::batch_view<const float> c,
                  advx::batch_view<float> g) const {
      for (advx::index_t i = 0; i < static_cast<advx::index_t>(rows.size()); ++i)
        for (advx::index_t j = 0; j < g.cols; ++j) {
          float sum = 0;
          for (advx::index_t k = 0; k < c.cols; ++k) sum += c.row(i)[k] * model->weights.data()[k * g.cols + j];
          g.row(i)[j] = sum;
        }
    }
  };
  template <class Backend>
  session_type session(Backend&, advx::index_t) const {
    return {this};
  }
};

} // namespace

int main() {
  const linear_model model{xt::ones<float>({10, 784})};
  const xt::xarray<float> images = xt::zeros<float>({4, 784});
  const std::vector<int> labels(4, 0);
  const auto r = advx::run(advx::attack::pgd_linf{.epsilon = 0.1}, model, images, advx::goal::untargeted{labels});
  return r.success_rate() > 0.5 ? 0 : 1;
}
