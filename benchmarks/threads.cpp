// Throughput of one process with two threads against two independent processes of one thread, each with half of the
// images. Both run in children of a parent that has no threads, so neither inherits a warm cache or a worker.
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "support.hpp"

namespace {

struct cost {
  double wall = 0, cpu = 0;
};

/// Runs each of `jobs` in a process of its own, all at once, until the last ends.
template <class Job>
cost run_processes(const std::vector<Job>& jobs) {
  const auto children_cpu = [] {
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    const auto seconds = [](const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  };
  const double cpu = children_cpu();
  const auto wall = std::chrono::steady_clock::now();
  std::fflush(nullptr); // or the children would write it again
  std::vector<pid_t> children;
  for (const Job& job : jobs) {
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child == 0) {
      int status = 1;
      try {
        job();
        status = 0;
      } catch (const std::exception& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
      }
      _exit(status);
    }
    children.push_back(child);
  }
  bool failed = false;
  for (const pid_t child : children) {
    int status = 0;
    failed = waitpid(child, &status, 0) != child || status != 0 || failed;
  }
  if (failed) throw std::runtime_error("a child process failed");
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count(), children_cpu() - cpu};
}

/// Every second image, from `first` on: the halves are alike.
benchmarks::digits half(const benchmarks::digits& all, advx::index_t first) {
  benchmarks::digits part = all;
  part.images.values.clear();
  part.labels.clear();
  for (advx::index_t i = first; i < all.images.rows(); i += 2) {
    part.images.values.insert(part.images.values.end(), all.images.row(i), all.images.row(i) + all.images.cols());
    part.labels.push_back(all.labels[static_cast<std::size_t>(i)]);
  }
  part.images.row_count = static_cast<advx::index_t>(part.labels.size());
  return part;
}

template <class Model, class Attack>
void compare(const char* name, const Model& model, const Attack& attack, const benchmarks::digits& all, int pairs) {
  const auto attack_on = [&](const benchmarks::digits& d, int threads) {
    return [&, threads] {
      advx::options options;
      options.threads = threads;
      options.batch = 32; // the same in both, and small enough that two workers have work
      const auto r =
          advx::run(attack, model, d.images, advx::goal::untargeted{d.labels}, options, advx::backend::xtensor{});
      if (!r.complete) throw std::runtime_error("the run was not complete");
    };
  };
  const benchmarks::digits even = half(all, 0), odd = half(all, 1);
  const std::vector threads{attack_on(all, 2)};
  const std::vector processes{attack_on(even, 1), attack_on(odd, 1)};
  std::vector<double> of_threads, of_processes, ratios, cpu_ratios;
  for (int k = 0; k < pairs; ++k) {
    cost t, p;
    if (k % 2 == 0) t = run_processes(threads);
    p = run_processes(processes);
    if (k % 2 != 0) t = run_processes(threads);
    const double n = double(all.images.rows());
    of_threads.push_back(n / t.wall);
    of_processes.push_back(n / p.wall);
    ratios.push_back(p.wall / t.wall);
    cpu_ratios.push_back(p.cpu / t.cpu);
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf("%-8s %8lld %14.2f %14.2f %8.3f %8.3f %8.3f %10.3f\n", name, static_cast<long long>(all.images.rows()),
              benchmarks::median(of_threads), benchmarks::median(of_processes), benchmarks::median(ratios), *least,
              *most, benchmarks::median(cpu_ratios));
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const int pairs = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5;
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  std::printf("images attacked per second of wall time, medians of %d pairs; ratio = two threads / two processes, "
              "median of the pairs'; CPU ratio = CPU time of two processes / of two threads\n",
              pairs);
  std::printf("%-8s %8s %14s %14s %8s %8s %8s %10s\n", "attack", "images", "two threads", "two processes", "ratio",
              "least", "most", "CPU ratio");
  // A radius at which few images succeed: the others take all their steps.
  compare("pgd", net, advx::attack::pgd_linf{.epsilon = 0.02, .steps = 40}, benchmarks::digits(data, 256), pairs);
  compare("cw", net, advx::attack::carlini_wagner_l2{.search_steps = 2, .steps = 100, .step = 0.1, .constant = 0.1},
          benchmarks::digits(data, 64), pairs);
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
