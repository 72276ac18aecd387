// expect: advx: penalty: Norm needs `static constexpr const char\* name` and `distance\(team, x, x0, n\)`
#include <advx/advx.hpp>

struct my_norm : advx::norm::l2 {
#ifndef ADVX_FIXED
  void distance() const; // hides the one that is asked for
#endif
};

advx::attack::penalty<my_norm, advx::loss::margin, advx::optimizer::adam> attack{};
