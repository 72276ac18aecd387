// expect: advx: a row program must be at most 4000 bytes long
#include <advx/backend/thrust/cuda.hpp>

struct program {
#ifdef ADVX_FIXED
  float values[10];
#else
  float values[1001];
#endif
  template <class Team>
  constexpr void operator()(const Team& team, advx::index_t) const {
    team.each(1, [](advx::index_t) {});
  }
};

void run(const advx::backend::thrust<advx::backend::system::cuda>& backend, const program& p) { backend.rows(1, p); }
