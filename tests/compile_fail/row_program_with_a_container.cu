// expect: advx: a row program must be trivially copyable: pointers and numbers, no containers
#include <advx/backend/thrust/cuda.hpp>

#include <vector>

struct program {
#ifdef ADVX_FIXED
  float* values;
#else
  std::vector<float> values;
#endif
  template <class Team>
  constexpr void operator()(const Team& team, advx::index_t) const {
    team.each(1, [](advx::index_t) {});
  }
};

void run(const advx::backend::thrust<advx::backend::system::cuda>& backend, const program& p) { backend.rows(1, p); }
