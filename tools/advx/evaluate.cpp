// advx evaluate: what is checked first, what is run, what is written.
#include <advx/core/clock.hpp>
#include <advx/data/detail/zlib.hpp>
#include <advx/data/npz.hpp>
#include <advx/report/json.hpp>
#include <advx/report/progress.hpp>
#include <advx/report/result_table.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "commands.hpp"
#include "engine.hpp"
#include "folder.hpp"
#include "inputs.hpp"
#include "interrupt.hpp"
#include "journal.hpp"
#include "network.hpp"
#include "page.hpp"
#include "text.hpp"

namespace advx_command {

namespace {

using advx::batch;
using advx::index_t;
using advx::label_t;
using json = nlohmann::ordered_json;

/// The command line as it was given.
struct arguments {
  std::string model, inputs, labels, targets;
  std::string box = "0,1", mean, deviation;
  std::vector<std::string> attacks;
  index_t batch = 0, limit = 0;
  int threads = 0;
  std::uint64_t seed = 0;
  double time_limit = std::numeric_limits<double>::infinity();
  int levels = 0;
  std::string backend = "xtensor";
  std::string output;
  bool overwrite = false, quiet = false;
};

/// Everything that a run needs, read and checked.
struct evaluation {
  arguments given;
  std::unique_ptr<engine> model;
  std::vector<description> catalogue;
  std::vector<request> requests;
  std::vector<index_t> extents; ///< of an image
  double lower = 0, upper = 1;
  batch<float> images;
  advx_command::goal goal;
  std::vector<label_t> clean_labels;
  std::vector<float> clean_confidence;
  double clean_accuracy = 0;
  json run; ///< run.json
};

/// One run and the requests that it answers: EAD's two rules are found by one.
struct joint_run {
  std::vector<std::size_t> requests;
};

std::vector<joint_run> joint_runs(const evaluation& e) {
  std::vector<joint_run> runs;
  for (std::size_t i = 0; i < e.requests.size(); ++i) {
    const auto same = std::find_if(runs.begin(), runs.end(), [&](const joint_run& r) {
      const request &a = e.requests[r.requests.front()], &b = e.requests[i];
      return e.catalogue[a.which].run == e.catalogue[b.which].run && a.numbers == b.numbers;
    });
    if (same == runs.end())
      runs.push_back({{i}});
    else
      same->requests.push_back(i);
  }
  return runs;
}

json source_json(const source& s) { return {{"path", s.path}, {"crc32", s.crc32}, {"bytes", s.bytes}}; }

/// The class with the highest score of each row, and the softmax probability of the class that is asked about.
label_t best_class(const float* scores, index_t classes) {
  return static_cast<label_t>(std::max_element(scores, scores + classes) - scores);
}
float probability(const float* scores, index_t classes, label_t of) {
  const double top = *std::max_element(scores, scores + classes);
  double sum = 0;
  for (index_t k = 0; k < classes; ++k) sum += std::exp(double(scores[k]) - top);
  return static_cast<float>(std::exp(double(scores[of]) - top) / sum);
}

void read_goal(evaluation& e, const std::vector<label_t>& labels) {
  const std::string& targets = e.given.targets;
  const index_t classes = e.model->class_count();
  std::string kind = targets;
  const auto take = [&](const advx::goal::targeted& g) { e.goal = {g.labels, g.targets, g.name}; };
  if (targets.empty()) {
    kind = "untargeted";
    e.goal = {labels, {}, advx::goal::untargeted::name};
  } else if (targets == "random") {
    take(advx::goal::random(labels, classes, e.given.seed));
  } else if (targets == "next") {
    take(advx::goal::next(labels, classes));
  } else if (targets == "all") {
    take(advx::goal::all_others(labels, classes));
  } else if (targets == "least-likely") {
    e.goal = {labels, e.model->least_likely(e.images, labels), "least likely"};
  } else {
    const std::vector<std::string> words{"random", "next", "least-likely", "all"};
    if (targets.find_first_of("./:") == std::string::npos)
      throw advx::argument_error("advx: --targets: '" + targets +
                                 "' is neither a file nor one of random, next, "
                                 "least-likely, all" +
                                 suggestion(targets, words));
    const stored file = read_array(targets, content::labels);
    if (file.values.shape.empty() || file.values.shape[0] < e.images.rows())
      throw advx::argument_error("advx: --targets '" + targets + "': has the shape " +
                                 advx::data::to_string(file.values.shape) + "; give a row per image, " +
                                 std::to_string(e.images.rows()));
    kind = "given";
    e.goal = {labels, to_targets(file, labels, classes), "targeted"};
    e.run["targets"] = source_json(file.from);
  }
  e.run["goal"] = kind;
  if (targets.empty()) return;
  for (const request& r : e.requests)
    if (!e.catalogue[r.which].targeted)
      throw advx::argument_error("advx: --attack " + e.catalogue[r.which].name +
                                 ": takes no targets; leave --targets out, or attack with another");
}

/// Reads and checks all that can be known before an attack starts. Writes nothing.
evaluation prepare(const arguments& given) {
  evaluation e;
  e.given = given;
  const backend_choice& where = backend_named(given.backend);
  e.catalogue = where.catalogue();
  e.requests = read_requests(given.attacks, e.catalogue);
  const auto box = to_numbers(given.box, "--box");
  if (box.size() != 2 || !(box[0] < box[1]))
    throw advx::argument_error("advx: --box is '" + given.box +
                               "'; give the least and the greatest value of a pixel, "
                               "as 0,1 or -1,1");
  e.lower = box[0];
  e.upper = box[1];
  if (given.limit < 0 || given.batch < 0 || given.threads < 0)
    throw advx::argument_error("advx: --limit, --batch and --threads must be at least 0");
  if (!(given.time_limit > 0)) throw advx::argument_error("advx: --time-limit must be greater than 0 seconds");

  if (given.levels != 0 && (given.levels < 2 || given.levels > 65536))
    throw advx::argument_error("advx: --levels is " + std::to_string(given.levels) +
                               "; give 256 for images of 8 bits, or another number in [2, 65536]");
  for (const request& r : e.requests)
    if (given.levels != 0 && e.catalogue[r.which].together)
      throw advx::argument_error(
          "advx: --attack " + e.catalogue[r.which].name +
          ": one perturbation for all images cannot be repaired for each; leave --levels out, or "
          "attack with another");

  const stored inputs = read_array(given.inputs, content::images);
  if (given.labels.empty() && !inputs.cifar)
    throw advx::argument_error("advx: --labels is missing: the file with each image's class");
  const stored labels = read_array(given.labels.empty() ? given.inputs : given.labels, content::labels);

  const auto bytes = advx::data::read_file(given.model);
  network net{read_network(bytes, given.model, inputs.values.shape), {}, {}};
  e.extents = net.net.image_extents();
  e.images = to_images(inputs, e.extents, e.lower, e.upper, given.limit);
  if (labels.values.shape.size() == 1 && labels.values.shape[0] != inputs.values.shape[0])
    throw advx::argument_error("advx: --labels '" + labels.from.path + "': holds " +
                               std::to_string(labels.values.shape[0]) + " labels for " +
                               std::to_string(inputs.values.shape[0]) + " images; give one per image");
  const auto classes_of_images = to_labels(labels, e.images.rows(), net.net.class_count(), "--labels");

  if (!given.mean.empty() || !given.deviation.empty()) {
    net.mean = given.mean.empty() ? std::vector<double>{0} : to_numbers(given.mean, "--mean");
    net.deviation = given.deviation.empty() ? std::vector<double>{1} : to_numbers(given.deviation, "--std");
    const std::size_t channels = e.extents.size() == 3 ? static_cast<std::size_t>(e.extents[0]) : 1;
    for (const auto& [list, option] : {std::pair{&net.mean, "--mean"}, std::pair{&net.deviation, "--std"}})
      if (list->size() != 1 && list->size() != channels)
        throw advx::argument_error(std::string("advx: ") + option + " has " + std::to_string(list->size()) +
                                   " values; give one, or one for each of the " + std::to_string(channels) +
                                   " channels");
  }
  e.model = where.open(net);
  for (const request& r : e.requests) e.model->check(r);

  e.run = {{"advx", advx::version},
           {"model",
            {{"path", given.model},
             {"crc32", advx::data::detail::crc32_of(bytes)},
             {"bytes", bytes.size()},
             {"classes", e.model->class_count()},
             {"inputs", e.extents}}},
           {"inputs", source_json(inputs.from)},
           {"labels", source_json(labels.from)},
           {"images", e.images.rows()}};
  read_goal(e, classes_of_images);
  e.run["box"] = box;
  e.run["mean"] = net.mean.empty() ? std::vector<double>{0} : net.mean;
  e.run["std"] = net.deviation.empty() ? std::vector<double>{1} : net.deviation;
  e.run["seed"] = given.seed;
  e.run["backend"] = given.backend;
  if (std::isfinite(given.time_limit)) e.run["time_limit"] = given.time_limit;
  if (given.levels != 0) e.run["levels"] = given.levels;
  json attacks = json::array();
  for (const request& r : e.requests) attacks.push_back(r.text(e.catalogue));
  e.run["attacks"] = std::move(attacks);

  const batch<float> scores = e.model->scores(e.images, given.threads);
  index_t right = 0;
  for (index_t i = 0; i < scores.rows(); ++i) {
    for (index_t k = 0; k < scores.cols(); ++k)
      if (!std::isfinite(scores.row(i)[k]))
        throw advx::model_error("advx: --model '" + given.model + "': the score of image " + std::to_string(i) +
                                " for class " + std::to_string(k) + " is " + number_text(scores.row(i)[k]) +
                                "; check --mean, --std and the file");
    const label_t y = best_class(scores.row(i), scores.cols());
    e.clean_labels.push_back(y);
    e.clean_confidence.push_back(probability(scores.row(i), scores.cols(), y));
    right += y == e.goal.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  e.clean_accuracy = static_cast<double>(right) / static_cast<double>(scores.rows());
  return e;
}

advx::data::array images_array(const evaluation& e, const batch<float>& images) {
  std::vector<index_t> shape{images.rows()};
  shape.insert(shape.end(), e.extents.begin(), e.extents.end());
  return advx::data::make_array(std::move(shape), images.values);
}
template <class T, class From>
advx::data::array list_array(const std::vector<From>& values) {
  return advx::data::make_array({static_cast<index_t>(values.size())}, std::vector<T>(values.begin(), values.end()));
}

void write_inputs(const evaluation& e, const folder& to) {
  advx::data::write_npz(to.file("inputs.npz"), {{"x", images_array(e, e.images)},
                                                {"labels", list_array<std::int64_t>(e.goal.labels)},
                                                {"clean_labels", list_array<std::int64_t>(e.clean_labels)},
                                                {"clean_confidence", list_array<float>(e.clean_confidence)}});
}

/// Thrown once the user's interruption was told.
[[noreturn]] void tell_interruption(const folder& to) {
  std::fprintf(stderr, "\nadvx: interrupted; what is finished is kept in %s: the same command goes on from there\n",
               to.path().c_str());
  throw CLI::RuntimeError(130);
}

/// Runs what of a joint run is not yet in its journal.
run_result attack(const evaluation& e, const joint_run& joint, const folder& to, spent& time) {
  const request& r = e.requests[joint.requests.front()];
  const description& d = e.catalogue[r.which];
  const index_t cases = e.goal.cases();
  run_result all;
  advx_command::prepare(all, d.rankings, e.images.rows(), cases, e.images.cols());
  const std::string fingerprint =
      r.text(e.catalogue) + " " +
      std::to_string(advx::data::detail::crc32_of(std::as_bytes(std::span(std::string_view(e.run.dump())))));
  journal kept(to.journal(r.name), fingerprint, all);
  const spent before = kept.time();

  // The images that are not finished, under their own numbers.
  std::vector<index_t> numbers;
  for (index_t i = 0; i < e.images.rows(); ++i)
    for (index_t k = 0; k < cases; ++k)
      if (!kept.has(static_cast<std::size_t>(i * cases + k)) ||
          (d.together && kept.rows_there() < static_cast<std::size_t>(e.images.rows() * cases))) {
        numbers.push_back(i);
        break;
      }
  time = before;
  if (numbers.empty()) return all;
  batch<float> images(static_cast<index_t>(numbers.size()), e.images.cols());
  goal part{{}, {}, e.goal.name};
  for (std::size_t j = 0; j < numbers.size(); ++j) {
    const auto i = static_cast<std::size_t>(numbers[j]);
    std::copy_n(e.images.row(numbers[j]), e.images.cols(), images.row(static_cast<index_t>(j)));
    part.labels.push_back(e.goal.labels[i]);
    if (e.goal.classes.empty()) continue;
    const auto first = e.goal.classes.begin() + numbers[j] * cases;
    part.classes.insert(part.classes.end(), first, first + cases);
  }
  const auto whole_row = [&](index_t row) {
    return static_cast<std::size_t>(numbers[static_cast<std::size_t>(row / cases)] * cases + row % cases);
  };

  const auto begin = std::chrono::steady_clock::now();
  const double cpu = advx::process_cpu_seconds();
  const auto so_far = [&] {
    return spent{before.wall + std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
                 before.cpu + advx::process_cpu_seconds() - cpu, before.model};
  };
  std::string title = r.name;
  for (std::size_t i = 1; i < joint.requests.size(); ++i) title += ", " + e.requests[joint.requests[i]].name;
  if (kept.rows_there() > 0) title += " (" + std::to_string(kept.rows_there()) + " were there)";
  advx::report::progress shown(title, e.given.quiet ? advx::report::progress_style::silent
                                                    : advx::report::progress_style::automatic);
  run_result found;
  const auto watch = [&](const advx::progress& p) {
    shown.update(p.done, p.total, p.succeeded);
    return !interrupt_seen;
  };
  const auto finished = [&](index_t row) {
    if (kept.has(whole_row(row))) return; // another target of its image was missing
    copy_row(found, static_cast<std::size_t>(row), all, whole_row(row));
    kept.append(all, whole_row(row), so_far());
  };
  advx::options settings;
  settings.box = {e.lower, e.upper};
  settings.batch = e.given.batch;
  settings.threads = e.given.threads;
  settings.seed = e.given.seed;
  settings.budget.seconds = std::max(1e-3, e.given.time_limit - before.wall);
  settings.observer = watch;
  settings.finished = finished;
  settings.numbers = numbers;
  try {
    e.model->run(r, images, part, settings, e.given.levels, found);
  } catch (const interrupted&) {
    kept.note(so_far());
    tell_interruption(to);
  }
  time = so_far();
  time.model += found.model_seconds;
  if (interrupt_seen && !found.complete) {
    kept.note(time);
    tell_interruption(to);
  }
  // What the time limit has cut short is as final as it will be.
  for (index_t row = 0; row < images.rows() * cases; ++row) {
    if (kept.has(whole_row(row))) continue;
    copy_row(found, static_cast<std::size_t>(row), all, whole_row(row));
    kept.append(all, whole_row(row), time);
  }
  kept.note(time);
  return all;
}

/// One request's images to its npz; the record of it for the report.
advx::report::attack_record write_request(const evaluation& e, const request& r, const run_result& all,
                                          const spent& time, const folder& to) {
  const description& d = e.catalogue[r.which];
  const auto& o = ranking(all, d.ranking);
  const batch<float> scores = e.model->scores(o.images, e.given.threads);
  std::vector<label_t> labels;
  std::vector<float> confidence;
  advx::report::attack_record record{r.name, e.goal.name, d.norm,   e.model->shown(r),
                                     {},     time.wall,   time.cpu, time.model};
  if (e.given.levels != 0) record.parameters.emplace_back("grid_levels", e.given.levels);
  for (std::size_t i = 0; i < o.success.size(); ++i) {
    const float* row = scores.row(static_cast<index_t>(i));
    // An image that the time limit left untouched is the original.
    const label_t y = o.labels[i] == advx::no_label ? best_class(row, scores.cols()) : o.labels[i];
    labels.push_back(y);
    confidence.push_back(probability(row, scores.cols(), y));
    const std::size_t image = i / static_cast<std::size_t>(all.cases);
    record.images.push_back({static_cast<index_t>(image), e.goal.labels[image], y, o.success[i] != 0, o.l0[i], o.l1[i],
                             o.l2[i], o.linf[i], o.l2[i] / std::sqrt(double(e.images.cols())), all.queries[i],
                             all.forward_rows[i], all.pullback_rows[i], all.iterations[i]});
  }
  advx::data::npz npz{{"x", images_array(e, o.images)},
                      {"labels", list_array<std::int64_t>(labels)},
                      {"success", list_array<std::uint8_t>(o.success)},
                      {"confidence", list_array<float>(confidence)}};
  if (!e.goal.classes.empty()) npz.add("targets", list_array<std::int64_t>(e.goal.classes));
  advx::data::write_npz(to.file("adversarial_" + r.name + ".npz"), npz);
  return record;
}

void evaluate(const arguments& given) {
  evaluation e = prepare(given);
  e.run["row_invariant"] = nullptr; // its place; found below
  e.run["complete"] = false;
  folder to(given.output, e.run, given.overwrite);
  if (to.state() == folder_state::finished) {
    to.remove_journals();
    write_page(to.path());
    std::printf("%s holds this run already, finished; its page was made anew\n", to.path().c_str());
    return;
  }
  json run = to.run();
  if (to.state() == folder_state::fresh) {
    const verdict v = e.model->check_rows(e.lower, e.upper);
    run["row_invariant"] = {{"verdict", v.passed}, {"detail", v.detail}};
  }
  to.write_run(run);
  std::printf("advx %s: %s, %lld images, clean accuracy %.1f %%, on %s\n", advx::version, given.model.c_str(),
              static_cast<long long>(e.images.rows()), 100 * e.clean_accuracy, given.backend.c_str());
  if (!run["row_invariant"]["verdict"].get<bool>())
    std::printf("The model's rows depend on their batch (%s): results may, too\n",
                run["row_invariant"]["detail"].get<std::string>().c_str());
  std::fflush(stdout);

  std::vector<advx::report::attack_record> records(e.requests.size());
  for (const joint_run& joint : joint_runs(e)) {
    spent time;
    const run_result all = attack(e, joint, to, time);
    for (const std::size_t i : joint.requests) records[i] = write_request(e, e.requests[i], all, time, to);
  }
  write_inputs(e, to);
  const std::string path = given.model;
  const advx::report::run_record report{{{"name", path.substr(path.rfind('/') + 1)}, {"seed", double(given.seed)}},
                                        e.images.rows(),
                                        e.clean_accuracy,
                                        std::move(records)};
  json results = advx::report::to_json(report);
  for (json& a : results["attacks"]) a["file"] = "adversarial_" + a["name"].get<std::string>() + ".npz";
  advx::report::write_json(to.file("results.json"), results);
  advx::report::write_json(to.file("timing.json"), advx::report::timing_to_json(report));
  run["complete"] = true;
  to.write_run(run);
  to.remove_journals();
  write_page(to.path());
  advx::report::print_table(stdout, report.attacks);
  std::printf("\nEvery success was classified again. Written: %s/results.json, timing.json, *.npz, index.html\n",
              to.path().c_str());
}

} // namespace

void add_evaluate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("evaluate", "attack the network of an ONNX file and write a report; the same "
                                                     "command goes on where it was stopped");
  const auto given = std::make_shared<arguments>();
  command->add_option("--model", given->model, "the network, an .onnx file (opsets 6 to 17)")->required();
  command
      ->add_option("--inputs", given->inputs,
                   "images: .npy, .npz:key, IDX or binary CIFAR-10 (plain or gzipped), float in the box or uint8")
      ->required();
  command->add_option("--labels", given->labels,
                      "each image's class, in the same formats (CIFAR-10's files hold both)");
  command->add_option("--targets", given->targets,
                      "random, next, least-likely, all, or a file; left out: away from the own class");
  command->add_option("--box", given->box, "least and greatest value of a pixel")->capture_default_str();
  command->add_option("--mean", given->mean, "what is subtracted before the network: one value or one per channel");
  command->add_option("--std", given->deviation, "what is divided by after that: one value or one per channel");
  command->add_option("--attack", given->attacks, "name:parameter=value,...; repeatable; `advx list` tells all")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--limit", given->limit, "attack the first so many images alone; 0: all")->capture_default_str();
  command->add_option("--batch", given->batch, "images per pass and worker; 0: the backend's choice")
      ->capture_default_str();
  command->add_option("--threads", given->threads, "workers; 0: one per core")->capture_default_str();
  command->add_option("--seed", given->seed, "of random starts and targets")->capture_default_str();
  command->add_option("--time-limit", given->time_limit, "seconds for each attack; what it has found by then counts");
  command
      ->add_option("--levels", given->levels,
                   "values that a pixel of an adversarial image may have, evenly in the box: 256 for images that are "
                   "adversarial still when they were stored in 8 bits; 0: any")
      ->capture_default_str();
  command->add_option("--backend", given->backend, "where to compute: xtensor")->capture_default_str();
  command->add_option("--output", given->output, "the folder of results, images and page")->required();
  command->add_flag("--overwrite", given->overwrite, "remove what another run has left in the folder");
  command->add_flag("--quiet", given->quiet, "no progress");
  command->callback([given] { evaluate(*given); });
}

} // namespace advx_command
