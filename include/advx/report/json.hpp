/// @file
/// Records as JSON: what was found (results.json) apart from how long it took (timing.json). Needs nlohmann-json.
#pragma once

#include <advx/data/files.hpp>
#include <advx/report/attack_record.hpp>
#include <advx/version.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace advx::report {

/// What a report says of a whole run.
struct run_record {
  /// What the model is: {"name", "C&W MNIST"}, {"parameters", 312202.0}, ...
  std::vector<std::pair<std::string, std::variant<std::string, double>>> model;
  index_t images = 0;        ///< images looked at
  double clean_accuracy = 0; ///< share of them that the model classifies rightly, in [0, 1]
  std::vector<attack_record> attacks;
};

namespace detail {

using json = nlohmann::ordered_json;

/// A whole number without a fraction; what is no number (NaN, infinite, absent) as null.
inline json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  constexpr double exact = 9007199254740992.0; // 2^53
  if (value == std::trunc(value) && std::abs(value) < exact) return static_cast<std::int64_t>(value);
  return value;
}
inline json number(const std::optional<double>& value) { return value ? number(*value) : json(nullptr); }

inline json centre_json(const centre& c) { return {{"mean", number(c.mean)}, {"median", number(c.median)}}; }

inline json image_json(const image_entry& i) {
  return {{"index", i.index},
          {"label", i.label},
          {"adversarial_label", i.adversarial_label},
          {"success", i.success},
          {"l0", number(i.l0)},
          {"l1", number(i.l1)},
          {"l2", number(i.l2)},
          {"linf", number(i.linf)},
          {"queries", i.queries},
          {"pullback_rows", i.pullback_rows}};
}

} // namespace detail

/// What one attack found: name, parameters, goal, norm, averages, images. Distances are averaged over the successes
/// (null without one), counts over all images.
inline nlohmann::ordered_json to_json(const attack_record& record) {
  using detail::json;
  const summary s = aggregate(record);
  json parameters = json::object(), images = json::array();
  for (const auto& [name, value] : record.parameters) parameters[name] = detail::number(value);
  for (const image_entry& image : record.images) images.push_back(detail::image_json(image));
  return {{"name", record.name},
          {"parameters", std::move(parameters)},
          {"goal", record.goal},
          {"norm", record.norm},
          {"success_rate", detail::number(s.success_rate)},
          {"l0", detail::centre_json(s.l0)},
          {"l1", detail::centre_json(s.l1)},
          {"l2", detail::centre_json(s.l2)},
          {"linf", detail::centre_json(s.linf)},
          {"rmsd", detail::centre_json(s.rmsd)},
          {"queries", detail::number(s.queries)},
          {"forward_rows", detail::number(s.forward_rows)},
          {"pullback_rows", detail::number(s.pullback_rows)},
          {"iterations", detail::number(s.iterations)},
          {"images", std::move(images)}};
}

/// What a run found; no time, date or host, so that equal results are equal bytes.
inline nlohmann::ordered_json to_json(const run_record& run) {
  using detail::json;
  json model = json::object(), attacks = json::array();
  for (const auto& [name, value] : run.model)
    if (const double* figure = std::get_if<double>(&value))
      model[name] = detail::number(*figure);
    else
      model[name] = std::get<std::string>(value);
  for (const attack_record& record : run.attacks) attacks.push_back(to_json(record));
  return {{"advx", version},
          {"model", std::move(model)},
          {"images", run.images},
          {"clean_accuracy", detail::number(run.clean_accuracy)},
          {"attacks", std::move(attacks)}};
}

/// How long each attack took, in seconds.
inline nlohmann::ordered_json timing_to_json(const run_record& run) {
  using detail::json;
  json attacks = json::array();
  for (const attack_record& record : run.attacks)
    attacks.push_back({{"name", record.name},
                       {"goal", record.goal},
                       {"seconds", detail::number(record.seconds)},
                       {"cpu_seconds", detail::number(record.cpu_seconds)},
                       {"model_cpu_seconds", detail::number(record.model_cpu_seconds)}});
  return {{"advx", version}, {"attacks", std::move(attacks)}};
}

/// Writes JSON, indented by two, whole or not at all. Text that is not UTF-8 is replaced. @throws file_error
inline void write_json(const std::string& path, const nlohmann::ordered_json& value) {
  const std::string text = value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  data::write_file_atomically(path, std::as_bytes(std::span(text)));
}

} // namespace advx::report
