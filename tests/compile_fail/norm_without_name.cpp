// expect: advx: budget: Norm needs `static constexpr const char\* name`
#include <advx/advx.hpp>

struct my_norm : advx::norm::l2 {
#ifndef ADVX_FIXED
  int name; // hides the one that reports print
#endif
};

advx::attack::budget<my_norm, advx::loss::margin, advx::optimizer::steepest<>> attack{};
