#include <algorithm>

#include "backend.hpp"

namespace demo {

template <class Backend>
double accuracy(const bench& b) {
  const advx::index_t rows = b.images.rows(), classes = b.model.class_count();
  Backend there;
  auto session = b.model.session(there, rows);
  auto images = there.template allocate<float>(rows * b.images.cols());
  auto answers = there.template allocate<float>(rows * classes);
  there.upload(b.images.data(), rows * b.images.cols(), images.data());
  session.forward(advx::batch_view<const float>{images.data(), rows, b.images.cols()},
                  advx::batch_view<float>{answers.data(), rows, classes});
  advx::batch<float> scores(rows, classes);
  there.download(answers.data(), rows * classes, scores.data());
  double right = 0;
  for (advx::index_t i = 0; i < rows; ++i) {
    const float* z = scores.row(i);
    right += std::max_element(z, z + classes) - z == b.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  return right / double(rows);
}

template double accuracy<backend>(const bench&);

} // namespace demo
