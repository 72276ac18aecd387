/// @file
/// JSON that somebody else wrote: every look at it is checked, every fault names the file and the place in it.
#pragma once

#include <advx/data/files.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace advx::report::page {

/// The most that is read of a JSON file.
inline constexpr std::uint64_t json_size_limit = std::uint64_t{1} << 29;

/// A value of a JSON document with its place in it, "attacks[2].name".
class checked_json {
public:
  using value_type = nlohmann::ordered_json;

  checked_json(const value_type& there, std::string file_name, std::string where = {})
      : value(&there),
        file(std::move(file_name)),
        place(std::move(where)) {}

  const std::string& where() const noexcept { return place; }

  /// The member of this name. @throws file_error if this is no object or has none
  checked_json at(const char* key) const {
    if (auto member = find(key)) return *std::move(member);
    data::detail::file_fault(file, "'" + inside(key) + "' is missing");
  }
  /// The member of this name; nothing where it is absent or null. @throws file_error if this is no object
  std::optional<checked_json> find(const char* key) const {
    if (!value->is_object()) fault("an object");
    const auto found = value->find(key);
    if (found == value->end() || found->is_null()) return std::nullopt;
    return checked_json(*found, file, inside(key));
  }
  /// Name and value of each member. @throws file_error if this is no object
  std::vector<std::pair<std::string, checked_json>> members() const {
    if (!value->is_object()) fault("an object");
    std::vector<std::pair<std::string, checked_json>> all;
    for (const auto& [key, member] : value->items())
      all.emplace_back(key, checked_json(member, file, inside(data::detail::printable(key))));
    return all;
  }
  /// Each element. @throws file_error if this is no array
  std::vector<checked_json> elements() const {
    if (!value->is_array()) fault("an array");
    std::vector<checked_json> all;
    all.reserve(value->size());
    for (std::size_t i = 0; i < value->size(); ++i)
      all.emplace_back((*value)[i], file, place + "[" + std::to_string(i) + "]");
    return all;
  }

  bool is_null() const noexcept { return value->is_null(); }
  bool is_number() const noexcept { return value->is_number(); }
  bool is_text() const noexcept { return value->is_string(); }

  /// A number in [lowest, highest]. @throws file_error
  double number(double lowest, double highest) const {
    if (!value->is_number()) fault("a number");
    const auto it = value->get<double>();
    if (!(it >= lowest && it <= highest)) out_of_range(it, lowest, highest);
    return it;
  }
  /// A whole number in [lowest, highest]. @throws file_error
  std::int64_t integer(std::int64_t lowest, std::int64_t highest) const {
    const double it = number(static_cast<double>(lowest), static_cast<double>(highest));
    if (it != std::trunc(it)) fault("a whole number");
    return static_cast<std::int64_t>(it);
  }
  /// @throws file_error if this is neither true nor false
  bool boolean() const {
    if (!value->is_boolean()) fault("true or false");
    return value->get<bool>();
  }
  /// Text of at most `longest` bytes. @throws file_error
  std::string text(std::size_t longest = 300) const {
    if (!value->is_string()) fault("text");
    const auto& it = value->get_ref<const std::string&>();
    if (it.size() > longest)
      data::detail::file_fault(file, "'" + place + "' is " + std::to_string(it.size()) + " bytes long; at most " +
                                         std::to_string(longest) + " are expected");
    return it;
  }

  /// Throws file_error: "'place' is a string; expected a number".
  [[noreturn]] void fault(const std::string& expected) const {
    data::detail::file_fault(file, (place.empty() ? std::string("the document") : "'" + place + "'") + " is " +
                                       (value->is_null() ? "null" : std::string("of type ") + value->type_name()) +
                                       "; expected " + expected);
  }

private:
  std::string inside(const std::string& key) const { return place.empty() ? key : place + "." + key; }
  [[noreturn]] void out_of_range(double it, double lowest, double highest) const {
    char text[120];
    std::snprintf(text, sizeof text, "' is %.9g; it must lie in [%.9g, %.9g]", it, lowest, highest);
    data::detail::file_fault(file, "'" + place + text);
  }

  const value_type* value;
  std::string file, place;
};

/// Parses a JSON file. @throws file_error if it is missing, too large or no JSON
inline nlohmann::ordered_json read_json(const std::string& path) {
  const std::vector<std::byte> bytes = data::read_file(path, json_size_limit);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  try {
    return nlohmann::ordered_json::parse(text, text + bytes.size());
  } catch (const nlohmann::json::parse_error& fault) {
    data::detail::file_fault(path, "is not JSON: the fault is at byte " + std::to_string(fault.byte));
  } catch (const nlohmann::json::exception&) {
    data::detail::file_fault(path, "is not JSON: it holds a number that no double can be");
  }
}

} // namespace advx::report::page
