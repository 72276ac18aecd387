/// @file
/// What a run is told beside the attack, the model, the images and the goal.
#pragma once

#include <advx/core/types.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace advx {

/// The values that a coordinate may have: one range for all, or one for each coordinate.
struct box {
  double lower = 0;
  double upper = 1;
  std::span<const double> lowers{}; ///< empty, or one lower bound per coordinate (used instead of `lower`)
  std::span<const double> uppers{}; ///< empty, or one upper bound per coordinate

  /// The bounds of coordinate j.
  constexpr double low(index_t j) const noexcept {
    return lowers.empty() ? lower : lowers[static_cast<std::size_t>(j)];
  }
  constexpr double high(index_t j) const noexcept {
    return uppers.empty() ? upper : uppers[static_cast<std::size_t>(j)];
  }
};

/// Where a run stands.
struct progress {
  index_t total = 0;         ///< images (× target classes) to attack
  index_t done = 0;          ///< finished so far
  index_t succeeded = 0;     ///< of these, with success
  std::int64_t forward = 0;  ///< rows forwarded by finished images
  std::int64_t pullback = 0; ///< rows pulled back by finished images
};

/// A reference to a callable `Result(Argument)`, or none. The callable must outlive it.
template <class Result, class Argument>
class callback {
public:
  constexpr callback() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_const_t<F>, callback>)
  constexpr callback(F& f) // NOLINT: implicit by design, as with function references
      : object(const_cast<void*>(static_cast<const void*>(&f))), // F keeps the const
        call([](void* o, Argument a) { return static_cast<Result>((*static_cast<F*>(o))(a)); }) {}

  constexpr explicit operator bool() const noexcept { return call != nullptr; }
  Result operator()(Argument a) const { return call(object, a); }

private:
  void* object = nullptr;
  Result (*call)(void*, Argument) = nullptr;
};

/// `bool(const progress&)`, called whenever images finish, by one thread at a time; false stops the run, whose
/// unfinished images come back as the best found.
using observer = callback<bool, const progress&>;

/// Limits on the work for one image or for the whole run.
struct budget {
  std::int64_t queries = std::numeric_limits<std::int64_t>::max(); ///< model answers per image, ≥ 1
  double seconds = std::numeric_limits<double>::infinity(); ///< wall-clock time of the run; the rest is `stopped`
};

/// The settings of a run. All have defaults.
struct options {
  advx::box box{};
  std::span<const double> epsilon{}; ///< empty, or a radius for each image that replaces the recipe's own
  /// Images at work at once, per worker, ≥ 0. 0: as many as suit the backend: 32 on the host, so that their state stays
  /// in the cache, 1024 on a CUDA device; what does not fit into a device's memory is divided.
  index_t batch = 0;
  /// Workers, ≥ 0; 0: one per core. A model that is not `concurrent` gets one, and a backend that runs all images of a
  /// step at once has its own.
  int threads = 0;
  std::uint64_t seed = 0; ///< of all random numbers
  advx::budget budget{};
  advx::observer observer{};
  /// Called with the row of each image (and case) as soon as all that `run_into`'s result says of it is final:
  /// verified, and not to change; by one thread at a time, within a fraction of a second (in lockstep, once for each
  /// batch). Not called for images that the run's end cuts short. What it throws ends the run.
  callback<void, index_t> finished{};
  /// Empty, or a number ≥ 0 for each image, on which its random numbers depend instead of its position: a run over some
  /// images, numbered as among all, finds what a run over all of them finds.
  std::span<const index_t> numbers{};
  double tie = 1e-5; ///< a success needs a margin of tie·max(1, max|score|), so that rounding cannot undo it; ≥ 0
};

} // namespace advx
