// A user's program: attacks a model of its own, and calls into each part of advx that was asked for, so that each is
// compiled against and linked.
#include <advx/advx.hpp>

#include <cstdio>
#include <vector>

#ifdef WITH_data
#include <png.h>
#include <zlib.h>
#endif
#ifdef WITH_xtensor
#include <xtensor/xtensor.hpp>
#endif
#if defined(WITH_nn_xtensor) || defined(WITH_nn_thrust)
#include <cblas.h>
#endif
#ifdef WITH_onnx
#include <advx/model/onnx.hpp>
#endif
#ifdef WITH_thrust
#include <advx/thrust.hpp>
#endif

#ifdef WITH_thrust_cuda
bool device_answers(); // device.cu
#endif

// Two classes on a line: the scores of x are x and 1 - x.
struct line {
  using scalar = float;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  advx::index_t input_size() const { return 1; }
  advx::index_t class_count() const { return 2; }

  struct pass {
    void forward(advx::batch_view<const float> images, advx::batch_view<float> scores) {
      for (advx::index_t i = 0; i < images.rows; ++i) {
        scores.row(i)[0] = images.row(i)[0];
        scores.row(i)[1] = 1 - images.row(i)[0];
      }
    }
    void pullback(std::span<const advx::index_t> rows, advx::batch_view<const float> cotangent,
                  advx::batch_view<float> gradient) {
      for (advx::index_t i = 0; i < static_cast<advx::index_t>(rows.size()); ++i)
        gradient.row(i)[0] = cotangent.row(i)[0] - cotangent.row(i)[1];
    }
  };
  template <class Backend>
  pass session(Backend&, advx::index_t) const {
    return {};
  }
};

int main() {
  std::printf("advx %s\n", advx::version);
  advx::batch<float> images(1, 1);
  images.row(0)[0] = 0.75F;
  const std::vector<int> labels{0};
  const auto result = advx::run(advx::attack::projected_gradient<advx::norm::linf>{.epsilon = 0.5}, line{}, images,
                                advx::goal::untargeted{labels});
  double sum = result.success[0] && result.images.row(0)[0] < 0.5F ? 0 : 1;
#ifdef WITH_data
  sum += png_access_version_number() > 0 && zlibVersion()[0] != '\0' ? 0 : 1;
#endif
#ifdef WITH_xtensor
  sum += xt::xtensor<float, 1>{0.F, 0.F}(1) > 0 ? 1 : 0;
#endif
#ifdef WITH_onnx
  try {
    advx::model::parse_onnx({}, "nothing");
    sum += 1; // an empty file names no opset: it must be refused
  } catch (const advx::file_error&) {
  }
#endif
#ifdef WITH_thrust_cuda
  sum += device_answers() ? 0 : 1;
#endif
#ifdef WITH_thrust
  auto values = advx::backend::thrust<advx::backend::system::cpp>{}.allocate<float>(1);
  sum += values.data()[0];
#endif
#if defined(WITH_nn_xtensor) || defined(WITH_nn_thrust)
  const double zeros[2] = {0, 0};
  sum += cblas_dasum(2, zeros, 1);
#endif
  return sum > 0 ? 1 : 0;
}
