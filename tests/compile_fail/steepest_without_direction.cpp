// expect: advx: optimizer::steepest needs a norm that makes directions: norm::l1, norm::l2 or norm::linf
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using recipe = advx::attack::budget<advx::norm::l2, advx::loss::cross_entropy, advx::optimizer::steepest<>>;
#else
using recipe = advx::attack::budget<advx::norm::l0, advx::loss::cross_entropy, advx::optimizer::steepest<>>;
#endif

recipe attack{};
