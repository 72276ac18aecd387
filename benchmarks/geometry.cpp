// DeepFool, SparseFool and JSMA on the committed network: what the box does to them (the clipping study), SparseFool
// over λ and δ, images on the 8-bit grid, and many images at once against one after the other.
#include <advx/analysis/measures.hpp>
#include <advx/attack/lattice.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "support.hpp"

namespace {

using advx::index_t, advx::label_t, advx::walk::bounds;
namespace attack = advx::attack;
using network = decltype(advx::nn::carlini_wagner_mnist());

/// A box that no walk meets.
constexpr advx::box nowhere{.lower = -1000, .upper = 1000};

struct study {
  network net;
  benchmarks::digits digits;
  advx::goal::untargeted away{digits.labels};

  template <class Attack, class Goal>
  auto run(const Attack& a, const Goal& goal, const advx::options& o) const {
    return advx::run(a, net, digits.images, goal, o, advx::backend::xtensor{});
  }
  template <class Norm, class Result>
  void line(const char* attack, const char* box, const Norm& norm, const Result& r, double seconds) const {
    const auto m = advx::measure(norm, net, digits.images, r, {}, advx::backend::xtensor{});
    std::printf("%-16s %-24s %8.1f %8.4f %8.4f %9.2f %9.3f %8.2f %9.2f\n", attack, box, 100 * m.fooling_rate,
                m.mean_distance, m.relative_distance, 100 * m.average_confidence, m.changed_pixels, m.iterations,
                1000 * seconds / double(digits.images.rows()));
    std::fflush(stdout);
  }
  template <class Norm, class Attack>
  void row(const char* name, const char* box, const Norm& norm, const Attack& a, const advx::box& limits = {}) const {
    const double before = benchmarks::cpu_seconds();
    advx::options o;
    o.box = limits;
    const auto r = run(a, away, o);
    line(name, box, norm, r, benchmarks::cpu_seconds() - before);
  }
};

void heads(const char* title) {
  std::printf("\n%s\n%-16s %-24s %8s %8s %8s %9s %9s %8s %9s\n", title, "attack", "", "fooled %", "distance",
              "relative", "confid. %", "changed %", "steps", "CPU ms");
}

/// Clips images to [0, 1] and asks the network whether they still fool it.
template <class Result>
Result clipped(const study& s, Result r) {
  for (float& v : r.images.values) v = std::clamp(v, 0.0f, 1.0f);
  advx::backend::xtensor backend;
  attack::inquiry<network, advx::backend::xtensor> ask(s.net, backend);
  ask(
      r.images.rows(), [&](index_t i, float* to) { std::copy_n(r.images.row(i), r.images.cols(), to); },
      [&](index_t i, label_t label, const float*) {
        const auto k = static_cast<std::size_t>(i);
        r.success[k] = r.success[k] != 0 && label != s.digits.labels[k];
      });
  return r;
}

template <class Norm>
void clipping_of(const study& s, const char* name, attack::deepfool<Norm> a) {
  a.step = 1; // the papers'
  a.inside = bounds::clipped;
  s.row(name, "no box", Norm{}, a, nowhere);
  a.inside = bounds::at_end;
  s.row(name, "clipped at the end", Norm{}, a);
  a.inside = bounds::clipped;
  s.row(name, "clipped at each step", Norm{}, a);
  a.inside = bounds::each_step;
  s.row(name, "projected in the box", Norm{}, a);
  a.step = attack::deepfool<Norm>{}.step;
  s.row(name, "the same, steps of 0.8", Norm{}, a);
}

void clipping(const study& s) {
  heads("What the box does (distances: FGM and DeepFool's own norm, SparseFool L2)");
  for (const double epsilon : {0.05, 0.1, 0.2, 0.3}) {
    const std::string name = "FGM-Linf " + std::to_string(epsilon).substr(0, 4);
    const attack::fgm_linf a{.epsilon = epsilon};
    s.row(name.c_str(), "no box, L2", advx::norm::l2{}, a, nowhere);
    s.row(name.c_str(), "clipped, L2", advx::norm::l2{}, a);
  }
  clipping_of(s, "DeepFool L2", attack::deepfool_l2{});
  clipping_of(s, "DeepFool Linf", attack::deepfool_linf{});
  const double before = benchmarks::cpu_seconds();
  advx::options open;
  open.box = nowhere;
  const auto r = s.run(attack::sparsefool{}, s.away, open);
  const double seconds = benchmarks::cpu_seconds() - before;
  s.line("SparseFool", "no box", advx::norm::l2{}, r, seconds);
  s.line("SparseFool", "clipped at the end", advx::norm::l2{}, clipped(s, r), seconds);
  s.row("SparseFool", "solved in the box", advx::norm::l2{}, attack::sparsefool{});
}

void sweeps(const study& s) {
  heads("SparseFool over lambda (distance: L2)");
  for (const double lambda : {1.0, 1.5, 2.0, 3.0, 4.0, 6.0})
    s.row("SparseFool", ("lambda " + std::to_string(lambda).substr(0, 3)).c_str(), advx::norm::l2{},
          attack::sparsefool{.lambda = lambda});
  heads("SparseFool over delta, lambda 3 (distance: L2)");
  for (const int delta : {10, 30, 60, 100, 150, 255})
    s.row("SparseFool", ("delta " + std::to_string(delta) + "/255").c_str(), advx::norm::l2{},
          attack::sparsefool{.delta = delta / 255.0});
}

/// The attack's images as they are, rounded to 256 levels, and rounded and repaired.
template <class Attack, class Goal>
void lattice_of(const study& s, const char* name, const Attack& a, const Goal& goal) {
  const auto exact = s.run(a, goal, {});
  const auto rounded = s.run(attack::on_lattice{a, 256, 0}, goal, {});
  const auto repaired = s.run(attack::on_lattice{a}, goal, {});
  // Means over the images that all three have.
  double n = 0, sums[4] = {}, more = 0;
  for (std::size_t k = 0; k < exact.success.size(); ++k) {
    more += double(repaired.queries[k] - exact.queries[k]);
    if (exact.success[k] == 0 || repaired.success[k] == 0) continue;
    n += 1;
    sums[0] += exact.l2[k];
    sums[1] += repaired.l2[k];
    sums[2] += exact.l0[k];
    sums[3] += repaired.l0[k];
  }
  n = std::max(n, 1.0);
  std::printf("%-16s %8.1f %8.1f %8.1f %9.5f %9.5f %9.1f %9.1f %9.2f\n", name, 100 * exact.success_rate(),
              100 * rounded.success_rate(), 100 * repaired.success_rate(), sums[0] / n, sums[1] / n, sums[2] / n,
              sums[3] / n, more / double(exact.success.size()));
  std::fflush(stdout);
}

void lattice(const study& s) {
  std::printf("\nImages on the 8-bit grid; means over images that succeed before and after\n");
  std::printf("%-16s %8s %8s %8s %9s %9s %9s %9s %9s\n", "attack", "float %", "round. %", "repair %", "L2 float",
              "L2 grid", "L0 float", "L0 grid", "+ queries");
  const auto towards = advx::goal::random(s.digits.labels, s.net.class_count());
  lattice_of(s, "DeepFool L1", attack::deepfool_l1{}, s.away);
  lattice_of(s, "DeepFool L2", attack::deepfool_l2{}, s.away);
  lattice_of(s, "DeepFool Linf", attack::deepfool_linf{}, s.away);
  lattice_of(s, "SparseFool", attack::sparsefool{}, s.away);
  lattice_of(s, "JSMA", attack::jsma{}, s.away);
  lattice_of(s, "PGD-Linf 0.15", attack::pgd_linf{.epsilon = 0.15}, s.away);
  lattice_of(s, "PGD-L2 1.5", attack::pgd_l2{.epsilon = 1.5}, s.away);
  lattice_of(s, "C&W L2, targets",
             attack::carlini_wagner_l2{.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1}, towards);
  lattice_of(s, "EAD, targets", attack::elastic_net{.search_steps = 5, .steps = 200, .step = 0.01, .constant = 1},
             towards);
}

/// CPU seconds a row of forward passes and pullbacks of so many rows.
double pass_seconds(const study& s, index_t rows) {
  advx::backend::xtensor backend;
  auto session = s.net.session(backend, rows);
  advx::batch<float> z(rows, s.net.class_count()), c(rows, s.net.class_count()), g(rows, s.net.input_size());
  std::vector<index_t> all;
  for (index_t i = 0; i < rows; ++i) {
    all.push_back(i);
    c.row(i)[0] = 1;
  }
  const index_t times = std::max<index_t>(1, 200 / rows);
  const double before = benchmarks::cpu_seconds();
  for (index_t t = 0; t < times; ++t) {
    session.forward(s.digits.images.view().slice(0, rows), z.view());
    session.pullback(all, c.view().as_const(), g.view());
  }
  return (benchmarks::cpu_seconds() - before) / double(times * rows);
}

template <class Attack>
void speed_of(const study& s, const char* name, const Attack& a, int pairs) {
  std::vector<double> alone, together, gains, shares;
  for (int p = 0; p < pairs; ++p) {
    advx::options o;
    o.threads = 1;
    const auto seconds = [&](index_t batch) {
      o.batch = batch;
      const double before = benchmarks::cpu_seconds();
      s.run(a, s.away, o);
      return benchmarks::cpu_seconds() - before;
    };
    const index_t all = s.digits.images.rows();
    alone.push_back(seconds(1));
    together.push_back(seconds(all));
    gains.push_back(alone.back() / together.back());
    shares.push_back(gains.back() / (pass_seconds(s, 1) / pass_seconds(s, all)));
  }
  using benchmarks::median;
  std::printf("%-16s %12.4f %12.4f %9.3f %9.3f\n", name, median(alone), median(together), median(gains),
              median(shares));
  std::fflush(stdout);
}

void speed(const study& s, int pairs) {
  std::printf("\n%lld images at once against one after the other: one thread, medians of %d pairs\n",
              static_cast<long long>(s.digits.images.rows()), pairs);
  std::printf("%-16s %12s %12s %9s %9s\n", "attack", "alone CPU s", "at once", "gain", "of model's");
  speed_of(s, "DeepFool L2", attack::deepfool_l2{}, pairs);
  speed_of(s, "SparseFool", attack::sparsefool{}, pairs);
  speed_of(s, "JSMA", attack::jsma{}, pairs);
}

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  study s{advx::nn::carlini_wagner_mnist(), {data, argc > 2 ? std::atoi(argv[2]) : 100}};
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", s.net);
  const std::string_view part = argc > 3 ? argv[3] : "all";
  const int pairs = argc > 4 ? std::max(1, std::atoi(argv[4])) : 5;
  if (part != "all" && part != "clipping" && part != "sweeps" && part != "lattice" && part != "speed")
    throw advx::argument_error("advx: bench-geometry: part \"" + std::string(part) +
                               "\"; it is clipping, sweeps, lattice, speed or all");
  const auto wanted = [&](std::string_view name) { return part == "all" || part == name; };
  std::printf("%lld digits\n", static_cast<long long>(s.digits.images.rows()));
  if (wanted("clipping")) clipping(s);
  if (wanted("sweeps")) sweeps(s);
  if (wanted("lattice")) lattice(s);
  if (wanted("speed")) speed(s, pairs);
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
