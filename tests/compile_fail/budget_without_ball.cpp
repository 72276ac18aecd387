// expect: advx: a budget attack needs a norm with a ball to project on: norm::l0, norm::l1
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using recipe = advx::attack::budget<advx::norm::l1, advx::loss::cross_entropy, advx::optimizer::adam>;
#else
using recipe = advx::attack::budget<advx::norm::elastic_net, advx::loss::cross_entropy, advx::optimizer::adam>;
#endif

recipe attack{};
