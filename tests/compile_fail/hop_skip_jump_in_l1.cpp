// expect: advx: this walk needs another norm: .*walk::hop_skip_jump norm::l2 or
#include <advx/advx.hpp>
#include <advx/walk/hop_skip_jump.hpp>

#ifdef ADVX_FIXED
advx::attack::boundary<advx::norm::linf, advx::walk::hop_skip_jump> recipe{};
#else
advx::attack::boundary<advx::norm::l1, advx::walk::hop_skip_jump> recipe{};
#endif
