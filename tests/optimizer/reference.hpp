// The authors' program in Fortran (Zhu, Byrd, Lu, Nocedal & Morales; version 3.0), as liblbfgsb has it.
#pragma once

#include <cstring>
#include <functional>

#include "problems.hpp"

extern "C" void setulb_(const int* n, const int* m, double* x, const double* l, const double* u, const int* nbd,
                        double* f, double* g, const double* factr, const double* pgtol, double* wa, int* iwa,
                        char* task, const int* iprint, char* csave, int* lsave, int* isave, double* dsave,
                        std::size_t task_length, std::size_t csave_length);

namespace lbfgsb_suite {

struct reference_run {
  double value = 0, projected_gradient = 0;
  int steps = 0, evaluations = 0;
  std::string end;
};

/// From p's start in p's box, by `objective(x, g)`.
inline reference_run run_reference(const problem& p, const std::function<double(const double*, double*)>& objective,
                                   double value_tolerance, double gradient_tolerance) {
  const int n = int(p.n), m = p.memory, print = -1;
  const auto room = std::size_t(n), pairs = std::size_t(m);
  std::vector<double> x = p.start, g(room), wa(2 * pairs * room + 5 * room + 11 * pairs * pairs + 8 * pairs);
  std::vector<double> lower = p.lower, upper = p.upper;
  std::vector<int> kinds(room), iwa(3 * room);
  for (std::size_t j = 0; j < room; ++j) {
    const bool below = lower[j] > -infinite, above = upper[j] < infinite;
    kinds[j] = below ? (above ? 2 : 1) : (above ? 3 : 0);
  }
  char task[60], csave[60];
  int lsave[4] = {}, isave[44] = {};
  double dsave[29] = {}, f = 0;
  std::memset(task, ' ', sizeof task);
  std::memset(csave, ' ', sizeof csave);
  std::memcpy(task, "START", 5);
  for (;;) {
    setulb_(&n, &m, x.data(), lower.data(), upper.data(), kinds.data(), &f, g.data(), &value_tolerance,
            &gradient_tolerance, wa.data(), iwa.data(), task, &print, csave, lsave, isave, dsave, 60, 60);
    if (std::strncmp(task, "FG", 2) == 0) {
      f = objective(x.data(), g.data());
    } else if (std::strncmp(task, "NEW_X", 5) != 0) {
      break;
    }
  }
  reference_run out{f, dsave[12], isave[29], isave[33], std::string(task, 60)};
  out.end.erase(out.end.find_last_not_of(' ') + 1);
  return out;
}

inline reference_run run_reference(const problem& p, double value_tolerance, double gradient_tolerance) {
  return run_reference(
      p, [&p](const double* x, double* g) { return evaluate(p, x, g); }, value_tolerance, gradient_tolerance);
}

} // namespace lbfgsb_suite
