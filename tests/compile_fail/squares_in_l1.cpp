// expect: advx: this random search knows the balls of other norms: optimizer::squares those of norm::linf and norm::l2
#include <advx/attack/population_presets.hpp>
#include <advx/norm/l1.hpp>

#ifdef ADVX_FIXED
using norm_type = advx::norm::linf;
#else
using norm_type = advx::norm::l1;
#endif

advx::attack::random_search<norm_type, advx::loss::cross_entropy, advx::optimizer::squares> attack{};
