// expect: advx: this walk needs another norm: walk::nearest_boundary one that finds the nearest point of a half-space
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
advx::attack::boundary<advx::norm::linf, advx::walk::nearest_boundary> recipe{};
#else
advx::attack::boundary<advx::norm::l0, advx::walk::nearest_boundary> recipe{};
#endif
