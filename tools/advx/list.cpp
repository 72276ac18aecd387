#include <advx/version.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

#include "commands.hpp"
#include "engine.hpp"

namespace advx_command {

namespace {

using json = nlohmann::ordered_json;

json to_json(const parameter& p) {
  json j{{"name", p.name}, {"meaning", p.meaning}};
  const auto bound = [](double b) { return std::isfinite(b) ? json(b) : json(nullptr); };
  switch (p.type) {
  case kind::flag:
    j["type"] = "flag";
    j["default"] = p.preset != 0;
    break;
  case kind::choice:
    j["type"] = "choice";
    j["default"] = value_text(p, p.preset);
    j["choices"] = p.choices;
    break;
  default:
    j["type"] = p.type == kind::whole ? "integer" : "number";
    j["default"] = !std::isfinite(p.preset) ? json("inf")
                   : p.type == kind::whole  ? json(static_cast<std::int64_t>(p.preset))
                                            : json(p.preset);
    j["minimum"] = bound(p.legal.lower);
    j["maximum"] = bound(p.legal.upper);
    j["minimum_excluded"] = p.legal.lower_open;
    j["maximum_excluded"] = p.legal.upper_open;
  }
  j["range"] = range_text(p);
  return j;
}

void print_json(const std::vector<description>& catalogue) {
  json attacks = json::array(), names = json::array();
  for (const description& d : catalogue) {
    json parameters = json::array();
    for (const parameter& p : d.parameters) parameters.push_back(to_json(p));
    attacks.push_back({{"name", d.name},
                       {"summary", d.summary},
                       {"source", d.source},
                       {"norm", d.norm},
                       {"access", d.access},
                       {"goals", d.targeted ? json{"untargeted", "targeted"} : json{"untargeted"}},
                       {"parameters", std::move(parameters)}});
  }
  for (const backend_choice& b : backends()) names.push_back(b.name);
  std::printf("%s\n", json{{"advx", advx::version}, {"backends", names}, {"attacks", attacks}}.dump(2).c_str());
}

void print_text(const std::vector<description>& catalogue) {
  for (const description& d : catalogue) {
    std::printf("%s  (%s, %s%s)\n    %s [%s]\n", d.name.c_str(), d.norm.c_str(), d.access.c_str(),
                d.targeted ? "" : ", untargeted only", d.summary.c_str(), d.source.c_str());
    for (const parameter& p : d.parameters)
      std::printf("    %-12s = %-9s %s (%s)\n", p.name.c_str(), value_text(p, p.preset).c_str(), p.meaning.c_str(),
                  range_text(p).c_str());
  }
}

} // namespace

void add_list(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("list", "the attacks: norms, access needed, parameters with defaults and ranges");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "for programs");
  command->callback([as_json] {
    const std::vector<description> catalogue = backends().front().catalogue();
    *as_json ? print_json(catalogue) : print_text(catalogue);
  });
}

} // namespace advx_command
