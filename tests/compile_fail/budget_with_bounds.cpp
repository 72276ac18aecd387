// expect: advx: this optimizer needs bounds for each coordinate, and a ball has none; use attack::penalty
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using recipe = advx::attack::penalty<advx::norm::l2, advx::loss::cross_entropy, advx::optimizer::lbfgsb>;
#else
using recipe = advx::attack::budget<advx::norm::l2, advx::loss::cross_entropy, advx::optimizer::lbfgsb>;
#endif

recipe attack{};
