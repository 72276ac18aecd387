// expect: advx: optimizer::fista shrinks towards the original and belongs to attack::penalty
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using recipe = advx::attack::penalty<advx::norm::l1, advx::loss::cross_entropy, advx::optimizer::fista>;
#else
using recipe = advx::attack::budget<advx::norm::l1, advx::loss::cross_entropy, advx::optimizer::fista>;
#endif

recipe attack{};
