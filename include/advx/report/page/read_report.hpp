/// @file
/// Reads a report's folder: results.json, and where they are there run.json and the images.
#pragma once

#include <advx/data/npz.hpp>
#include <advx/report/page/checked_json.hpp>
#include <advx/report/page/finished_run.hpp>
#include <advx/report/page/gallery_choice.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

namespace advx::report {

namespace page {

/// Distances above this are no distances.
inline constexpr double largest_distance = 1e30;
inline constexpr std::int64_t largest_count = std::int64_t{1} << 53;

/// A number or text of a file, as text: shortest digits that read back as the number.
inline std::string plain_text(const checked_json& value) {
  if (value.is_null()) return "-";
  if (!value.is_number()) return value.is_text() ? value.text(4096) : value.boolean() ? "true" : "false";
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, value.number(-1e308, 1e308));
  return {digits, end.ptr};
}

inline image_entry read_image(const checked_json& image, index_t images) {
  image_entry entry;
  entry.index = image.at("index").integer(0, std::max<index_t>(images, 1) - 1);
  entry.label = static_cast<label_t>(image.at("label").integer(no_label, std::numeric_limits<label_t>::max()));
  entry.adversarial_label =
      static_cast<label_t>(image.at("adversarial_label").integer(no_label, std::numeric_limits<label_t>::max()));
  entry.success = image.at("success").boolean();
  for (const distance_kind& kind : distance_kinds) {
    // A failed image may have no distance, as when the model answered NaN; a success has all of them.
    const auto distance = entry.success ? image.at(kind.key) : image.find(kind.key);
    entry.*kind.field = distance ? distance->number(0, largest_distance) : std::numeric_limits<double>::quiet_NaN();
  }
  entry.queries = image.at("queries").integer(0, largest_count);
  entry.pullback_rows = image.at("pullback_rows").integer(0, largest_count);
  return entry;
}

inline attack_findings read_attack(const checked_json& attack, index_t images) {
  attack_findings found;
  found.record.name = attack.at("name").text();
  found.record.goal = attack.at("goal").text();
  found.record.norm = attack.at("norm").text();
  for (const auto& [name, value] : attack.at("parameters").members())
    found.parameters.emplace_back(name, plain_text(value));
  const auto per_image = [&](const char* key) -> std::optional<double> {
    const auto there = attack.find(key);
    return there ? std::optional(there->number(0, static_cast<double>(largest_count))) : std::nullopt;
  };
  found.forward_rows = per_image("forward_rows");
  found.iterations = per_image("iterations");
  const auto entries = attack.at("images").elements();
  found.record.images.reserve(entries.size());
  for (const checked_json& image : entries) found.record.images.push_back(read_image(image, images));
  return found;
}

inline file_identity read_identity(const checked_json& run, const char* key) {
  file_identity file;
  const auto there = run.find(key);
  if (!there) return file;
  if (const auto path = there->find("path")) file.path = path->text(4096);
  if (const auto crc = there->find("crc32")) {
    if (crc->is_number()) {
      char text[16];
      std::snprintf(text, sizeof text, "%08llx", static_cast<unsigned long long>(crc->integer(0, 0xffffffff)));
      file.crc32 = text;
    } else {
      file.crc32 = crc->text();
    }
  }
  if (const auto bytes = there->find("bytes")) file.bytes = bytes->integer(0, largest_count);
  return file;
}

inline std::vector<double> read_numbers(const checked_json& run, const char* key) {
  std::vector<double> numbers;
  if (const auto there = run.find(key))
    for (const checked_json& number : there->elements()) numbers.push_back(number.number(-1e30, 1e30));
  return numbers;
}

inline run_description read_run(const checked_json& run) {
  const auto text = [&](const char* key) {
    const auto there = run.find(key);
    return there ? there->text() : std::string();
  };
  run_description told;
  told.advx = text("advx");
  told.model = read_identity(run, "model");
  told.inputs = read_identity(run, "inputs");
  told.labels = read_identity(run, "labels");
  told.targets = read_identity(run, "targets");
  const checked_json model = run.at("model");
  if (const auto classes = model.find("classes"))
    told.classes = classes->integer(1, std::numeric_limits<label_t>::max());
  if (const auto inputs = model.find("inputs"))
    for (const checked_json& extent : inputs->elements()) told.input_shape.push_back(extent.integer(0, largest_count));
  told.goal = text("goal");
  told.backend = text("backend");
  if (const auto box = read_numbers(run, "box"); !box.empty()) {
    if (box.size() != 2 || !(box[0] < box[1])) run.at("box").fault("two numbers, the lower first");
    told.lower = box[0];
    told.upper = box[1];
  }
  told.mean = read_numbers(run, "mean");
  told.std = read_numbers(run, "std");
  if (const auto seed = run.find("seed")) told.seed = seed->integer(0, largest_count);
  if (const auto images = run.find("images")) told.images = images->integer(0, largest_count);
  if (const auto levels = run.find("levels")) told.levels = levels->integer(2, 65536);
  if (const auto limit = run.find("time_limit")) told.time_limit = limit->number(0, 1e12);
  for (const checked_json& attack : run.at("attacks").elements()) told.attacks.push_back(attack.text(4096));
  if (const auto kit = run.find("row_invariant")) {
    told.row_invariant = kit->at("verdict").boolean();
    if (const auto detail = kit->find("detail")) told.row_invariant_detail = detail->text(4096);
  }
  if (const auto complete = run.find("complete")) told.complete = complete->boolean();
  return told;
}

/// Arrays of a file that must have this type and so many rows.
class checked_npz {
public:
  explicit checked_npz(const std::string& path) : all(data::read_npz(path)) {}

  const data::array& array(const char* name, data::dtype type) const {
    const data::array& a = all.at(name);
    if (a.type != type)
      data::detail::file_fault(all.source, std::string("array '") + name + "' holds " + data::name_of(a.type) +
                                               "; expected " + data::name_of(type));
    return a;
  }
  template <class T>
  std::span<const T> column(const char* name, index_t rows) const {
    const data::array& a = array(name, data::dtype_of<T>);
    if (a.shape != std::vector<index_t>{rows})
      data::detail::file_fault(all.source, std::string("array '") + name + "' has the shape " +
                                               data::to_string(a.shape) + "; expected (" + std::to_string(rows) + ",)");
    return a.as<T>();
  }
  [[noreturn]] void fault(const std::string& what) const { data::detail::file_fault(all.source, what); }

private:
  data::npz all;
};

inline label_t to_label(const checked_npz& file, std::int64_t label) {
  if (label < no_label || label > std::numeric_limits<label_t>::max())
    file.fault("label " + std::to_string(label) + " is none; classes count from 0");
  return static_cast<label_t>(label);
}

/// Sides above this are not drawn.
inline constexpr index_t longest_side = 4096;

/// Can inputs of this shape be drawn: C × H × W with 1 or 3 channels?
inline bool drawable(const std::vector<index_t>& shape) {
  return shape.size() == 3 && (shape[0] == 1 || shape[0] == 3) && shape[1] >= 1 && shape[2] >= 1 &&
         shape[1] <= longest_side && shape[2] <= longest_side;
}

/// How many images a gallery has: fewer where they are large, so that the page stays small.
inline std::size_t gallery_size(const std::vector<index_t>& shape) { return std::max(shape[1], shape[2]) > 64 ? 4 : 8; }

/// Fills the gallery of an attack out of its file, which must agree with results.json.
inline void read_gallery(const std::string& path, const checked_npz& inputs, const finished_run& run,
                         attack_findings& attack) {
  const checked_npz file(path);
  const auto& images = attack.record.images;
  const auto rows = static_cast<index_t>(images.size());
  const data::array &clean = inputs.array("x", data::dtype::float32), &x = file.array("x", data::dtype::float32);
  std::vector<index_t> expected = clean.shape;
  expected[0] = rows;
  if (x.shape != expected)
    file.fault("array 'x' has the shape " + data::to_string(x.shape) + "; expected " + data::to_string(expected) +
               ", a row for each image of results.json");
  const auto labels = file.column<std::int64_t>("labels", rows);
  const auto success = file.column<std::uint8_t>("success", rows);
  const auto confidence = file.column<float>("confidence", rows);
  for (std::size_t i = 0; i < images.size(); ++i)
    if (to_label(file, labels[i]) != images[i].adversarial_label || (success[i] != 0) != images[i].success)
      file.fault("row " + std::to_string(i) + " has label " + std::to_string(labels[i]) + " and success " +
                 std::to_string(success[i]) + "; results.json says otherwise");
  if (!drawable(run.shape)) return;
  const auto clean_labels = inputs.column<std::int64_t>("clean_labels", run.images);
  const auto clean_confidence = inputs.column<float>("clean_confidence", run.images);
  const auto values = static_cast<std::size_t>(run.shape[0] * run.shape[1] * run.shape[2]);
  const auto pixels = [&](const data::array& a, std::size_t row) {
    const auto part = a.as<float>().subspan(row * values, values);
    return std::vector<float>(part.begin(), part.end());
  };
  for (const auto& [row, why] : choose_rows(attack.record, gallery_size(run.shape))) {
    const auto image = static_cast<std::size_t>(images[row].index);
    attack.gallery.push_back({row, why, to_label(inputs, clean_labels[image]), images[row].adversarial_label,
                              clean_confidence[image], confidence[row], pixels(clean, image), pixels(x, row)});
  }
}

/// The name of an attack's file: a file of this folder, not a way out of it.
inline std::string file_name(const checked_json& value) {
  const std::string name = value.text();
  if (!name.ends_with(".npz") || name.front() == '.' || name.find_first_of(std::string_view("/\\\0", 3)) != name.npos)
    value.fault("the name of an .npz file in the same folder");
  return name;
}

} // namespace page

/// Reads the folder of a finished run: results.json, which must be there; run.json and inputs.npz with the attacks'
/// .npz files where they are there. What it holds is checked; of the images only those of the galleries are kept, so
/// that memory holds the inputs and one attack's file at a time.
/// @throws file_error naming file and fault
inline finished_run read_report(const std::string& folder) {
  using page::checked_json;
  const auto there = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
  const std::string path = folder + "/results.json", run_path = folder + "/run.json",
                    inputs_path = folder + "/inputs.npz";
  const auto document = page::read_json(path);
  const checked_json results(document, path);
  finished_run run;
  run.advx = results.at("advx").text();
  for (const auto& [name, value] : results.at("model").members()) run.model.emplace_back(name, page::plain_text(value));
  run.images = results.at("images").integer(0, 1'000'000'000);
  run.clean_accuracy = results.at("clean_accuracy").number(0, 1);
  const auto attacks = results.at("attacks").elements();
  for (const checked_json& attack : attacks) run.attacks.push_back(page::read_attack(attack, run.images));
  if (there(run_path)) run.run = page::read_run(checked_json(page::read_json(run_path), run_path));
  if (!there(inputs_path)) return run;

  const page::checked_npz inputs(inputs_path);
  const data::array& x = inputs.array("x", data::dtype::float32);
  if (x.shape.size() < 2 || x.shape[0] != run.images)
    inputs.fault("array 'x' has the shape " + data::to_string(x.shape) + "; expected " + std::to_string(run.images) +
                 " images, as results.json has");
  run.shape.assign(x.shape.begin() + 1, x.shape.end());
  for (std::size_t i = 0; i < attacks.size(); ++i)
    if (const auto file = attacks[i].find("file"))
      page::read_gallery(folder + "/" + page::file_name(*file), inputs, run, run.attacks[i]);
  return run;
}

} // namespace advx::report
