// expect: advx: space::resized, space::hierarchical and space::dct are for an optimizer that changes single
#include <advx/advx.hpp>
#include <advx/loss/log_margin.hpp>
#include <advx/optimizer/coordinate_descent.hpp>
#include <advx/space/resized.hpp>

#ifdef ADVX_FIXED
using optimizer = advx::optimizer::coordinate_descent;
#else
using optimizer = advx::optimizer::adam;
#endif

advx::attack::penalty<advx::norm::l2, advx::loss::log_margin, optimizer, advx::space::resized<>> recipe{};
