// One attack on a model that the user wrote, on one backend. ADVX_ATTACK is the attack; ADVX_ON_XTENSOR or ADVX_ON_CUDA
// chooses the backend, else it is the reference. Compiled, never run.
#if defined(ADVX_ON_XTENSOR)
#include <advx/xtensor.hpp>

#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#elif defined(ADVX_ON_CUDA)
#include <advx/thrust_cuda.hpp>
#else
#include <advx/advx.hpp>
#endif

#include <vector>

namespace {

#if defined(ADVX_ON_XTENSOR)
using matrix = xt::xtensor<float, 2>;
const matrix some_weights = xt::ones<float>({10, 784});
const xt::xarray<float> some_images = xt::zeros<float>({4, 784});
using chosen_backend = advx::backend::xtensor;
#else
using matrix = std::vector<float>;
const matrix some_weights(7840);
const advx::batch<float> some_images(4, 784);
#if defined(ADVX_ON_CUDA)
using chosen_backend = advx::backend::thrust<advx::backend::system::cuda>;
#else
using chosen_backend = advx::backend::reference;
#endif
#endif

/// scores = W·x.
struct linear_model {
  using scalar = float;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true, row_invariant = true;

  matrix weights; // classes × inputs

  advx::index_t input_size() const { return 784; }
  advx::index_t class_count() const { return 10; }

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
  using namespace advx; // for the attack, which comes from outside
  const linear_model model{some_weights};
  const std::vector<int> labels(4, 0);
  const auto r = advx::run((ADVX_ATTACK), model, some_images, goal::untargeted{labels}, {}, chosen_backend{});
  return r.success_rate() > 0.5 ? 0 : 1;
}
