// The least radius at which FGM or I-FGM succeeds, on a grid or by bisection.
#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <class Norm, int Steps, class Backend>
void in(shelf<Backend>& all, const std::string& method) {
  using grid = advx::attack::fast_gradient_grid<Norm, Steps>;
  using bisection = advx::attack::fast_gradient_bisection<Norm, Steps>;
  const char* const count = "gradient steps, each of radius / steps";
  offer<grid>(all,
              {.name = method + "-grid" + ending<Norm>(),
               .summary = "the least radius of a grid at which " + method + " succeeds",
               .source = "Sharma 2018, section 4.3.1 and Table 4"},
              {{"epsilon", &grid::epsilon, at_least(0), "the largest radius, in the images' unit"},
               {"points", &grid::points, at_least(1), "radii of the grid: epsilon k / points"},
               steps<grid>(count)});
  offer<bisection>(all,
                   {.name = method + "-bisection" + ending<Norm>(),
                    .summary = "the least radius at which " + method + " succeeds, by bisection: far fewer queries",
                    .source = "Sharma 2018, section 4.3.1, with another search"},
                   {{"epsilon", &bisection::epsilon, above(0), "the largest radius, in the images' unit"},
                    {"first", &bisection::first, above(0), "the first radius, at most epsilon"},
                    {"tolerance", &bisection::tolerance, above(0), "how exactly the least radius is found"},
                    steps<bisection>(count)});
}

template <class Norm, class Backend>
void both(shelf<Backend>& all) {
  in<Norm, 1>(all, "fgm");
  in<Norm, 10>(all, "ifgm");
}

} // namespace

template <class Backend>
void least_radius(shelf<Backend>& all) {
  both<advx::norm::l1>(all);
  both<advx::norm::l2>(all);
  both<advx::norm::linf>(all);
}

template void least_radius<backend>(shelf<backend>&);

} // namespace advx_command
