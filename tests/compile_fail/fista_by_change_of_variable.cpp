// expect: advx: a proximal map exists in space::pixels only
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using recipe = advx::attack::penalty<advx::norm::l1, advx::loss::margin, advx::optimizer::fista, advx::space::pixels>;
#else
using recipe = advx::attack::penalty<advx::norm::l1, advx::loss::margin, advx::optimizer::fista, advx::space::tanh>;
#endif

recipe attack{};
