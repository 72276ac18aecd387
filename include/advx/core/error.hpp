/// @file
/// The library's exceptions. One is thrown before any work is lost; it names the argument, the value and the remedy.
#pragma once

#include <stdexcept>
#include <string>

namespace advx {

/// A wrong argument: a shape, a range, a label, a parameter of a policy.
struct argument_error : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A file that cannot be read or written: names the file and the fault.
struct file_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A model that breaks its contract: NaN or infinite scores or gradients.
struct model_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A device that is missing or fails: names the call and the device's own words for the fault.
struct device_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A device whose memory does not suffice: nothing is lost, a smaller batch may fit.
struct device_memory_error : device_error {
  using device_error::device_error;
};

} // namespace advx
