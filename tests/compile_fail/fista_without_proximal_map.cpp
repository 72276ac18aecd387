// expect: advx: this optimizer shrinks, and the norm has no proximal map; use norm::l1
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using recipe = advx::attack::penalty<advx::norm::elastic_net, advx::loss::margin, advx::optimizer::fista>;
#else
using recipe = advx::attack::penalty<advx::norm::linf, advx::loss::margin, advx::optimizer::fista>;
#endif

recipe attack{};
