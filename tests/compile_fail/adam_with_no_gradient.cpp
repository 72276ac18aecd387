// expect: advx: this norm is no differentiable penalty; use norm::l1, norm::l2 or norm::elastic_net
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using recipe = advx::attack::penalty<advx::norm::l2, advx::loss::margin, advx::optimizer::adam>;
#else
using recipe = advx::attack::penalty<advx::norm::linf, advx::loss::margin, advx::optimizer::adam>;
#endif

recipe attack{};
