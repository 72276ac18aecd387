#include "catalogue.hpp"

#include <advx/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include "text.hpp"

namespace advx_command {

namespace {

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

/// The value that a text stands for. @throws advx::argument_error
double read_value(const parameter& p, const std::string& text, const std::string& attack) {
  const std::string who = "advx: --attack " + attack + ": '" + p.name + "'";
  if (p.type == kind::choice || p.type == kind::flag) {
    const std::vector<std::string> words = p.type == kind::flag ? std::vector<std::string>{"false", "true"} : p.choices;
    const auto found = std::find(words.begin(), words.end(), text);
    if (found != words.end()) return static_cast<double>(found - words.begin());
    if (p.type == kind::flag && (text == "0" || text == "1")) return text == "1" ? 1 : 0;
    throw advx::argument_error(who + " must be " + range_text(p) + ", not '" + text + "'");
  }
  const auto value = to_number(text);
  if (!value) throw advx::argument_error(who + " must be a number " + range_text(p) + ", not '" + text + "'");
  if (p.type == kind::whole && (*value != std::trunc(*value) || std::abs(*value) > 2147483647.0))
    throw advx::argument_error(who + " must be a whole number, not " + text);
  if (!p.legal.holds(*value)) throw advx::argument_error(who + " must be " + range_text(p) + ", got " + text);
  return *value;
}

} // namespace

std::string range_text(const parameter& p) {
  if (p.type == kind::flag) return "true or false";
  if (p.type == kind::choice) return list_of(p.choices);
  const range& r = p.legal;
  const bool below = std::isfinite(r.lower), beyond = std::isfinite(r.upper);
  if (below && beyond)
    return std::string("in ") + (r.lower_open ? "(" : "[") + number_text(r.lower) + ", " + number_text(r.upper) +
           (r.upper_open ? ")" : "]");
  if (below) return (r.lower_open ? "> " : ">= ") + number_text(r.lower);
  if (beyond) return (r.upper_open ? "< " : "<= ") + number_text(r.upper);
  return "any number";
}

std::string value_text(const parameter& p, double value) {
  if (p.type == kind::flag) return value != 0 ? "true" : "false";
  if (p.type == kind::choice) return p.choices[static_cast<std::size_t>(value)];
  return number_text(value);
}

std::string request::text(const std::vector<description>& catalogue) const {
  const description& d = catalogue[which];
  std::string out = d.name;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    out += (i == 0 ? ":" : ",") + d.parameters[i].name + "=" + value_text(d.parameters[i], numbers[i]);
  return out;
}

std::vector<request> read_requests(const std::vector<std::string>& texts, const std::vector<description>& catalogue) {
  std::vector<request> requests;
  std::map<std::string, int> uses;
  for (const std::string& text : texts) {
    const auto colon = text.find(':');
    const std::string name = text.substr(0, colon);
    const auto found =
        std::find_if(catalogue.begin(), catalogue.end(), [&](const description& d) { return d.name == name; });
    if (found == catalogue.end()) {
      std::vector<std::string> names;
      for (const description& d : catalogue) names.push_back(d.name);
      throw advx::argument_error("advx: --attack: there is no attack '" + name + "'" + suggestion(name, names));
    }
    request r{name, static_cast<std::size_t>(found - catalogue.begin()), {}};
    std::vector<std::string> keys;
    for (const parameter& p : found->parameters) {
      r.numbers.push_back(p.preset);
      keys.push_back(p.name);
    }
    if (colon != std::string::npos)
      for (const std::string& assignment : split(std::string_view(text).substr(colon + 1), ',')) {
        const auto equals = assignment.find('=');
        const std::string key = assignment.substr(0, equals);
        const auto place = std::find(keys.begin(), keys.end(), key);
        if (place == keys.end())
          throw advx::argument_error("advx: --attack " + name + ": there is no parameter '" + key + "'" +
                                     suggestion(key, keys));
        if (equals == std::string::npos)
          throw advx::argument_error("advx: --attack " + name + ": '" + key + "' has no value; write " + key + "=...");
        const auto i = static_cast<std::size_t>(place - keys.begin());
        r.numbers[i] = read_value(found->parameters[i], assignment.substr(equals + 1), name);
      }
    if (const int use = ++uses[name]; use > 1) r.name.append("-").append(std::to_string(use));
    requests.push_back(std::move(r));
  }
  return requests;
}

} // namespace advx_command
