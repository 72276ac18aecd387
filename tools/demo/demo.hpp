// The demo's frame: runs one attack on the digits, records it, and draws a contact sheet.
#pragma once

#include <advx/advx.hpp>
#include <advx/nn/models.hpp>
#include <advx/report/attack_record.hpp>
#include <advx/report/progress.hpp>

#include <chrono>
#include <cmath>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace demo {

using network = decltype(advx::nn::carlini_wagner_mnist());
using parameters = std::vector<std::pair<std::string, double>>;

struct settings {
  advx::index_t images = 50;
  bool paper = false;
  bool full = false;
  advx::options options;
  std::string output = "report";
  advx::report::progress_style progress = advx::report::progress_style::automatic;
};

/// One ranking of a run, as the report wants it, and its images for the contact sheet.
struct finding {
  advx::report::attack_record record;
  advx::batch<float> adversarial;
};

/// The digits under attack, and what was found so far.
struct bench {
  const network& model;
  const advx::batch<float>& images;
  const std::vector<advx::label_t>& labels;
  settings how;
  std::vector<finding> findings;
};

/// Runs `attack` towards `goal` on the backend and records its first rankings, each under the next of `names`.
template <class Backend, class Attack, class Goal>
void run(bench& b, const std::vector<std::string>& names, const Attack& attack, const parameters& numbers,
         const Goal& goal) {
  advx::report::progress shown(names.front() + " " + goal.name, b.how.progress);
  const auto watch = [&](const advx::progress& p) {
    shown.update(p.done, p.total, p.succeeded);
    return true;
  };
  advx::options options = b.how.options;
  options.observer = watch;
  const auto wall = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  const auto result = advx::run(attack, b.model, b.images, goal, options, Backend{});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  const double cpu_seconds = double(std::clock() - cpu) / CLOCKS_PER_SEC;

  const auto record = [&](const auto& outcome, const std::string& name) {
    finding f{{name, goal.name, outcome.ranking, numbers, {}, seconds, cpu_seconds, result.model_seconds},
              outcome.images};
    for (std::size_t i = 0; i < outcome.success.size(); ++i) {
      const std::size_t image = i / static_cast<std::size_t>(result.cases);
      f.record.images.push_back({static_cast<advx::index_t>(image), b.labels[image], outcome.labels[i],
                                 outcome.success[i] != 0, outcome.l0[i], outcome.l1[i], outcome.l2[i], outcome.linf[i],
                                 outcome.l2[i] / std::sqrt(double(b.images.cols())), result.queries[i],
                                 result.forward_rows[i], result.pullback_rows[i], result.iterations[i]});
    }
    b.findings.push_back(std::move(f));
  };
  record(result, names.front());
  for (std::size_t k = 1; k < names.size(); ++k) record(result.other_rankings.at(k - 1), names[k]);
}

// One function per translation unit, instantiated there for each backend of a program (backend.hpp).

/// Share of the images whose greatest score is their label's. @throws device_error where the backend has no device
template <class Backend>
double accuracy(const bench& b);
template <class Backend>
void fast_gradient(bench& b);
template <class Backend>
void iterative_fast_gradient(bench& b);
template <class Backend>
void projected_gradient(bench& b);
template <class Backend>
void carlini_wagner(bench& b);
template <class Backend>
void elastic_net(bench& b);
template <class Backend>
void tighten(bench& b);
template <class Backend>
void geometry(bench& b);
template <class Backend>
void lbfgs(bench& b);
template <class Backend>
void momentum(bench& b);
/// Attacks that ask for scores or labels alone.
template <class Backend>
void questions(bench& b);
/// One perturbation for all digits.
template <class Backend>
void universal(bench& b);

} // namespace demo
