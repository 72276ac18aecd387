// advx-demo: attacks a real network (the Carlini-Wagner MNIST net) on real digits with every attack, and reports.
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/data/png.hpp>
#include <advx/nn/weights.hpp>
#include <advx/report/contact_sheet.hpp>
#include <advx/report/json.hpp>
#include <advx/report/result_table.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <set>

#if defined(ADVX_DEMO_XTENSOR)
#include <advx/backend/xtensor/xtensor.hpp>
#else
#include <advx/backend/thrust/system.hpp>
#endif

#include "demo.hpp"

namespace {

/// A backend that this program was built for.
struct choice {
  const char* name;
  double (*accuracy)(const demo::bench&);
  void (*attack)(demo::bench&);
};
template <class Backend>
choice choice_of(const char* name) {
  return {name, demo::accuracy<Backend>, [](demo::bench& b) {
            demo::fast_gradient<Backend>(b);
            demo::iterative_fast_gradient<Backend>(b);
            demo::momentum<Backend>(b);
            demo::projected_gradient<Backend>(b);
            demo::carlini_wagner<Backend>(b);
            demo::elastic_net<Backend>(b);
            demo::tighten<Backend>(b);
            demo::geometry<Backend>(b);
            demo::lbfgs<Backend>(b);
            demo::universal<Backend>(b);
            if (b.how.full) demo::questions<Backend>(b);
          }};
}

/// The backends, the preferred one first.
const choice choices[] = {
#if defined(ADVX_DEMO_CUDA)
    choice_of<advx::backend::thrust_cuda>("thrust-cuda"),
#endif
#if defined(ADVX_DEMO_THRUST)
    choice_of<advx::backend::thrust_omp>("thrust-omp"),
#endif
#if defined(ADVX_DEMO_XTENSOR)
    choice_of<advx::backend::xtensor>("xtensor"),
#endif
};

/// The clean accuracy on the backend of that name; of an empty name, on the first that has its device.
std::pair<const choice*, double> open(const demo::bench& b, const std::string& name) {
  for (const choice& c : choices) {
    if (!name.empty() && name != c.name) continue;
    try {
      return {&c, c.accuracy(b)};
    } catch (const advx::device_error& missing) {
      if (!name.empty() || &c + 1 == std::end(choices)) throw;
      std::printf("%s is not used: %s\n", c.name, missing.what());
    }
  }
  std::string known;
  for (const choice& c : choices) known += std::string(known.empty() ? "" : ", ") + c.name;
  throw advx::argument_error("advx: --backend is '" + name + "'; this program has " + known);
}

void draw(const demo::bench& b, const std::string& folder) {
  // As many images as a reader looks at.
  const advx::index_t shown = std::min<advx::index_t>(b.images.rows(), 20);
  for (const demo::finding& f : b.findings) {
    const auto& r = f.record;
    std::vector<advx::report::contact_caption> captions;
    for (advx::index_t i = 0; i < shown; ++i) {
      const auto& image = r.images[static_cast<std::size_t>(i)];
      char note[32];
      std::snprintf(note, sizeof note, "L2 %.2f", image.l2);
      captions.push_back({image.label, image.adversarial_label, image.success, note});
    }
    const advx::report::contact_sheet sheet{.title = r.name + " " + r.goal};
    std::string goal = r.goal;
    std::replace(goal.begin(), goal.end(), ' ', '-');
    advx::data::write_png(folder + "/" + r.name + "-" + goal + ".png",
                          advx::report::draw<float>(sheet, b.images.view().slice(0, shown),
                                                    f.adversarial.view().slice(0, shown), captions));
  }
}

int run(int argc, char** argv) {
  demo::settings how;
  std::string data = ADVX_DEMO_DATA;
  std::string backend;
  bool quiet = false;
  CLI::App app{"Attacks the Carlini-Wagner MNIST network with every attack of advx; prints a table, writes a report."};
  app.add_option("--images", how.images, "how many of the sample's digits to attack")->capture_default_str();
  app.add_flag("--paper", how.paper, "the papers' settings (C&W and EAD 9 x 1,000 steps) instead of the short ones");
  app.add_flag("--full", how.full, "also the attacks that ask for scores or labels alone, with thousands of queries");
  app.add_option("--backend", backend, "where to run; left out: the first of this program's that has its device");
  app.add_option("--threads", how.options.threads,
                 "workers of xtensor (0: one per core); OMP_NUM_THREADS is for Thrust")
      ->capture_default_str();
  app.add_option("--batch", how.options.batch, "images per pass and worker; 0: the backend's choice")
      ->capture_default_str();
  app.add_option("--seed", how.options.seed, "of random starts and targets")->capture_default_str();
  app.add_option("--output", how.output, "folder of results.json, timing.json and *.png")->capture_default_str();
  app.add_option("--data", data, "folder with mnist/sample.npz and weights/")->capture_default_str();
  app.add_flag("--quiet", quiet, "no progress");
  CLI11_PARSE(app, argc, argv);
  if (quiet) how.progress = advx::report::progress_style::silent;

  const advx::data::npz sample = advx::data::read_npz(data + "/mnist/sample.npz");
  advx::batch<float> images = advx::data::to_unit_interval(sample.at("images"));
  std::vector<advx::label_t> labels = advx::data::labels(sample.at("labels"));
  if (how.images < 1 || how.images > images.rows())
    throw advx::argument_error("advx: --images is " + std::to_string(how.images) + "; the sample has " +
                               std::to_string(images.rows()) + " digits: give 1 to " + std::to_string(images.rows()));
  images.values.resize(static_cast<std::size_t>(how.images * images.cols()));
  images.row_count = how.images;
  labels.resize(static_cast<std::size_t>(how.images));
  std::error_code fault;
  std::filesystem::create_directories(how.output, fault);
  if (fault)
    throw advx::file_error("advx: '" + how.output + "': cannot make the folder: " + fault.message() +
                           "; choose another by --output");

  demo::network model = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", model);
  demo::bench bench{model, images, labels, how, {}};
  const auto [where, clean] = open(bench, backend);
  std::printf("advx %s: Carlini-Wagner MNIST network, %lld digits, clean accuracy %.1f %%, on %s%s\n\n", advx::version,
              static_cast<long long>(how.images), 100 * clean, where->name, how.paper ? ", the papers' settings" : "");
  std::fflush(stdout);

  where->attack(bench);

  advx::report::run_record record{{{"name", std::string("Carlini-Wagner MNIST")},
                                   {"parameters", double(model.parameters().size())},
                                   {"seed", double(how.options.seed)}},
                                  how.images,
                                  clean,
                                  {}};
  for (const demo::finding& f : bench.findings) record.attacks.push_back(f.record);
  advx::report::print_table(stdout, record.attacks);
  advx::report::write_json(how.output + "/results.json", advx::report::to_json(record));
  advx::report::write_json(how.output + "/timing.json", advx::report::timing_to_json(record));
  draw(bench, how.output);
  std::printf("\nEvery success was classified again. Written: %s/results.json, timing.json, *.png\n",
              how.output.c_str());
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "%s\n", fault.what());
    return 1;
  }
}
