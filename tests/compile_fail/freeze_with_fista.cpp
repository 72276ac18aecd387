// expect: advx: this rule cannot tighten this attack: tightening::threshold lowers the
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using optimizer = advx::optimizer::adam;
#else
using optimizer = advx::optimizer::fista;
#endif
using attack = advx::attack::penalty<advx::norm::l2, advx::loss::margin, optimizer, advx::space::pixels>;

advx::attack::tighten<advx::tightening::freeze, attack> recipe{};
