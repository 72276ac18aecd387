// expect: advx: this rule cannot tighten this attack: tightening::threshold lowers the
#include <advx/advx.hpp>

#ifdef ADVX_FIXED
using norm = advx::norm::hinge_linf;
#else
using norm = advx::norm::l2;
#endif
using attack = advx::attack::penalty<norm, advx::loss::margin, advx::optimizer::adam, advx::space::tanh>;

advx::attack::tighten<advx::tightening::threshold, attack> recipe{};
