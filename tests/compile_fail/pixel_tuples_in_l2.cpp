// expect: advx: this space's points lie in another norm's ball: space::pixel_tuples goes with norm::l0
#include <advx/attack/population_presets.hpp>
#include <advx/norm/l2.hpp>

#ifdef ADVX_FIXED
using norm_type = advx::norm::l0;
#else
using norm_type = advx::norm::l2;
#endif

advx::attack::population<norm_type, advx::loss::probability, advx::optimizer::differential_evolution,
                         advx::space::pixel_tuples>
    attack{};
