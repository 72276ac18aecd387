// Prints reference_figures.hpp, what the authors' program makes of the problems; needs liblbfgsb.
#include <cstdio>

#include "reference.hpp"

int main() {
  std::puts(
      "// Made by make_reference_figures.cpp with the authors' program, version 3.0: do not edit.\n"
      "#pragma once\n\n"
      "namespace lbfgsb_suite {\n\n"
      "/// Value, projected gradient and counts at the problem's own tolerances; `best` is the value with pgtol = "
      "1e-11 and\n/// factr = 0.\n"
      "struct figures {\n"
      "  const char* name;\n"
      "  double best, value, projected_gradient;\n"
      "  int steps, evaluations;\n"
      "};\n\n"
      "inline constexpr figures reference_figures[] = {");
  for (const lbfgsb_suite::problem& p : lbfgsb_suite::problems()) {
    const auto run = lbfgsb_suite::run_reference(p, p.value_tolerance, p.gradient_tolerance);
    const auto best = lbfgsb_suite::run_reference(p, 0, 1e-11);
    std::printf("    {\"%s\", %.15e, %.15e, %.2e, %d, %d},\n", p.name.c_str(), best.value, run.value,
                run.projected_gradient, run.steps, run.evaluations);
  }
  std::puts("};\n\n} // namespace lbfgsb_suite");
}
