// A model opened on one of the program's backends, and the attacks there. What lies behind is compiled per backend.
#pragma once

#include <advx/model/graph/classifier.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attacks/shelf.hpp"
#include "catalogue.hpp"

namespace advx_command {

/// What the conformance kit says of a model's rows.
struct verdict {
  bool passed = false;
  std::string detail;
};

class engine {
public:
  virtual ~engine() = default;

  virtual advx::index_t class_count() const = 0;
  /// Has a row the same bits in every batch? Tried with images that are uniform in the box.
  virtual verdict check_rows(double lower, double upper) const = 0;
  /// The logits of each image, by so many threads (0: one per core).
  virtual advx::batch<float> scores(const advx::batch<float>& images, int threads) const = 0;
  /// Towards each image's least likely class.
  virtual std::vector<advx::label_t> least_likely(const advx::batch<float>& images,
                                                  const std::vector<advx::label_t>& labels) const = 0;
  /// @throws advx::argument_error where an attack's values do not go together
  virtual void check(const request& r) const = 0;
  virtual std::vector<std::pair<std::string, double>> shown(const request& r) const = 0;
  /// `levels`: of each pixel of what is handed out, as after storing it; 0: any value. @throws interrupted
  virtual void run(const request& r, const advx::batch<float>& images, const goal& g, const advx::options& settings,
                   int levels, run_result& out) const = 0;
};

/// The network as it was read; images pass (x − mean) / std before it where these are given.
struct network {
  advx::model::graph::classifier<> net;
  std::vector<double> mean, deviation; ///< both empty: images as they are
};

/// A backend that the program was built for.
struct backend_choice {
  const char* name;
  std::vector<description> (*catalogue)();
  std::unique_ptr<engine> (*open)(const network&);
};

/// The backends, the default first.
std::span<const backend_choice> backends();

/// The one of this name. @throws advx::argument_error naming those that there are
const backend_choice& backend_named(const std::string& name);

// Defined for the backend that a unit is compiled for.
template <class Backend>
std::vector<description> catalogue_of();
template <class Backend>
std::unique_ptr<engine> open_on(const network& n);

} // namespace advx_command
