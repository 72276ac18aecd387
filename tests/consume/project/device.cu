// A user's CUDA source: adds 1 to each value of a row. Where there is no device, the library says so.
#include <advx/backend/thrust/cuda.hpp>

#include <cstring>

struct add_one {
  float* values;
  template <class Team>
  constexpr void operator()(const Team& team, advx::index_t r) const {
    team.each(4, [row = values + 4 * r](advx::index_t j) { row[j] += 1; });
  }
};

bool device_answers() {
  try {
    const advx::backend::thrust<advx::backend::system::cuda> backend;
    auto values = backend.allocate<float>(8);
    backend.rows(2, add_one{values.data()});
    float back[8];
    backend.download(values.data(), 8, back);
    for (const float v : back)
      if (v != 1) return false;
    return true;
  } catch (const advx::device_error& e) {
    return std::strncmp(e.what(), "advx: no CUDA device", 20) == 0;
  }
}
