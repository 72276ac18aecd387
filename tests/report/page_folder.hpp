/// @file
/// A small run's folder, made by hand: what the page is tested on, and what is broken in it.
#pragma once

#include <advx/data/npz.hpp>
#include <advx/report/page.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "data/support.hpp"

namespace page_folder {

using json = nlohmann::ordered_json;
using advx::index_t;

inline json image(index_t index, int label, int after, bool success, double size) {
  return {{"index", index},
          {"label", label},
          {"adversarial_label", after},
          {"success", success},
          {"l0", 10 * size},
          {"l1", 4 * size},
          {"l2", size},
          {"linf", size / 4},
          {"queries", 30},
          {"pullback_rows", 20 + index}};
}

inline json attack(const std::string& name, const std::string& norm, const json& images) {
  return {{"name", name},         {"parameters", {{"steps", 40}, {"step", 0.01}}},
          {"goal", "untargeted"}, {"norm", norm},
          {"forward_rows", 5},    {"iterations", 12.5},
          {"images", images},     {"file", "adversarial_" + name + ".npz"}};
}

/// Five images of three classes: four successes at L2 0 (wrong from the start), 1, 2 and 4, and a failure.
inline json results() {
  const json images = {image(0, 0, 1, true, 1), image(1, 1, 2, true, 4), image(2, 2, 2, false, 0.5),
                       image(3, 0, 1, true, 2), image(4, 2, 0, true, 0)};
  return {{"advx", "0.1.0"},
          {"model", {{"name", "three classes"}, {"parameters", 1234}}},
          {"images", 5},
          {"clean_accuracy", 0.8},
          {"attacks", {attack("cw-l2", "l2", images)}}};
}

inline json run() {
  return {
      {"advx", "0.1.0"},
      {"model",
       {{"path", "nets/three.onnx"}, {"crc32", "0badcafe"}, {"bytes", 1200}, {"classes", 3}, {"inputs", {1, 2, 2}}}},
      {"inputs", {{"path", "it's x.npy"}, {"crc32", 1}, {"bytes", 99}}},
      {"labels", {{"path", "y.npy"}, {"crc32", "00000002"}, {"bytes", 98}}},
      {"images", 5},
      {"goal", "untargeted"},
      {"box", {-1, 1}},
      {"mean", {0.5}},
      {"std", {0.25}},
      {"seed", 7},
      {"backend", "xtensor"},
      {"attacks", {"cw-l2:steps=40,step=0.01"}},
      {"row_invariant", {{"verdict", true}, {"detail", "Eight batches gave the same bits."}}},
      {"complete", true}};
}

using shape = std::vector<index_t>;

/// Five inputs of `extents`, their class and confidence.
inline advx::data::npz inputs(const shape& extents) {
  shape all = {5};
  index_t values = 5;
  for (const index_t extent : extents) {
    all.push_back(extent);
    values *= extent;
  }
  std::vector<float> x(static_cast<std::size_t>(values));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) / 7;
  return {{"x", advx::data::make_array(all, x)},
          {"labels", advx::data::make_array<std::int64_t>({5}, std::vector<std::int64_t>{0, 1, 2, 0, 2})},
          {"clean_labels", advx::data::make_array<std::int64_t>({5}, std::vector<std::int64_t>{0, 1, 2, 0, 0})},
          {"clean_confidence", advx::data::make_array<float>({5}, std::vector<float>{.9f, .8f, .7f, .6f, .5f})}};
}

inline advx::data::npz adversarial(const shape& extents) {
  advx::data::array x = inputs(extents).at("x");
  for (float& value : x.as<float>()) value += 0.25f;
  return {{"x", x},
          {"labels", advx::data::make_array<std::int64_t>({5}, std::vector<std::int64_t>{1, 2, 2, 1, 0})},
          {"success", advx::data::make_array<std::uint8_t>({5}, std::vector<std::uint8_t>{1, 1, 0, 1, 1})},
          {"confidence", advx::data::make_array<float>({5}, std::vector<float>{.51f, .52f, .53f, .54f, .55f})}};
}

inline void write_json(const std::string& path, const json& value) {
  const std::string text = value.dump();
  advx::data::write_file_atomically(path, support::bytes_of(text));
}

/// The whole folder, with images of `extents`.
inline void write(const support::scratch_folder& folder, const shape& extents = {1, 2, 2}) {
  write_json(folder / "results.json", results());
  write_json(folder / "run.json", run());
  advx::data::write_npz(folder / "inputs.npz", inputs(extents));
  advx::data::write_npz(folder / "adversarial_cw-l2.npz", adversarial(extents));
}

inline std::string page_of(const support::scratch_folder& folder) {
  return advx::report::render(advx::report::read_report(folder / ""));
}

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

/// The first fault of the page's markup: a tag that is not closed, closed in the wrong order, or has an attribute
/// without quotes; a bare <, > or & in text. Empty for a sound page.
inline std::string fault_of_markup(const std::string& page) {
  std::vector<std::string> open;
  std::size_t at = page.find("<html");
  const auto near = [&] { return " near: " + page.substr(at, 60); };
  while (at < page.size()) {
    if (page[at] != '<') {
      if (page[at] == '>') return "bare >" + near();
      if (page[at] == '&') {
        const std::size_t end = page.find(';', at);
        if (end == std::string::npos || end - at > 7) return "bare &" + near();
      }
      ++at;
      continue;
    }
    const bool closing = page[at + 1] == '/';
    std::size_t end = at + (closing ? 2 : 1);
    std::string name;
    while (end < page.size() && std::isalnum(static_cast<unsigned char>(page[end])) != 0) name += page[end++];
    if (name.empty()) return "bare <" + near();
    bool alone = false;
    while (end < page.size() && page[end] != '>') {
      if (page[end] == '<') return "< inside a tag" + near();
      alone = page[end] == '/';
      if (page[end] == '=') {
        if (page[end + 1] != '"') return "attribute without quotes" + near();
        end = page.find('"', end + 2);
        if (end == std::string::npos) return "quotes that do not end" + near();
      }
      ++end;
    }
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes nothing" + near();
      open.pop_back();
    } else if (!alone && name != "meta" && name != "br" && name != "img") {
      open.push_back(name);
      if (name == "style") { // which holds no markup
        open.pop_back();
        end = page.find("</style>", end) + 7;
      }
    }
    at = end + 1;
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

} // namespace page_folder
