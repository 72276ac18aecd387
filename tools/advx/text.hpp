// Numbers and lists on a command line, and what was probably meant by a word that does not exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace advx_command {

/// The parts between separators; one part, if there is none.
std::vector<std::string> split(std::string_view text, char separator);

/// The whole text as a number, whatever the locale; nothing if it is none.
std::optional<double> to_number(std::string_view text);

/// The shortest text that reads back as this number.
std::string number_text(double value);

/// The numbers between commas. @throws advx::argument_error naming the option
std::vector<double> to_numbers(std::string_view text, const std::string& option);

/// "; did you mean 'steps'?" for the known word that is nearest to a wrong one, or the list of all if none is near.
std::string suggestion(std::string_view wrong, const std::vector<std::string>& known);

} // namespace advx_command
