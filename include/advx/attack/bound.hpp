/// @file
/// A recipe bound to a model and a backend. What runs here alone calls the model.
#pragma once

#include <advx/attack/lockstep.hpp>
#include <advx/attack/worker.hpp>
#include <advx/concepts/explain.hpp>

#include <algorithm>
#include <thread>

namespace advx::attack {

/// Runs a recipe's machine over a batch of images: with a worker per thread on backends that go through a worker's
/// slots one by one, in lockstep on those that run all of them at once.
template <class Recipe, class Model, class Backend>
class bound {
  static constexpr bool model_fits = [] {
    if constexpr (Recipe::access == access::gradients)
      return ::advx::detail::require_gradients<Model, Backend>::value;
    else if constexpr (Recipe::access == access::scores)
      return ::advx::detail::require_scores<Model, Backend>::value;
    else
      return ::advx::detail::require_labels<Model, Backend>::value;
  }();
  static constexpr bool scale_fits = [] {
    if constexpr (model_fits && requires { Recipe::accepts(score_scale::logits); })
      return Recipe::accepts(Model::scale);
    else
      return true;
  }();
  static_assert(scale_fits, "advx: this loss does not take the model's score scale: loss::margin needs logits or "
                            "log-probabilities, loss::cross_entropy takes any [docs/models.md]");

public:
  using scalar = scalar_of<Model>;

  bound(const Recipe& recipe, const Model& model, Backend& backend)
      : recipe_(recipe),
        model_(model),
        backend_(backend) {}

  void operator()(const run_order<scalar>& order, outputs<scalar>& out) {
    if constexpr (model_fits && scale_fits) {
      constexpr bool scored = ::advx::detail::answers_scores<session_of<Model, Backend>, scalar>;
      using programs = slot_programs<Recipe, scalar, scale, scored>;
      crew all(order.settings, order.jobs());
      if constexpr (Backend::lockstep) {
        lockstep<programs, Recipe, Model, Backend>(recipe_, model_, backend_, order, out, all).run();
      } else {
        // A worker's slots: its share of the images, so that two workers on few images are both busy.
        const int threads = thread_count(order);
        const index_t slots =
            std::max<index_t>(1, std::min(batch_for<Backend>(order.settings), (order.jobs() + threads - 1) / threads));
        auto work = [&] {
          try {
            worker<programs, Recipe, Model, Backend>(recipe_, model_, backend_, order, out, all, slots).run();
          } catch (...) {
            all.fail();
          }
        };
        on_threads(
            threads, [](void* each) { (*static_cast<decltype(work)*>(each))(); }, &work);
      }
      all.check();
      out.run.verification_rows = all.verified_rows();
      out.run.model_seconds = all.model_seconds();
      out.run.complete = all.complete();
    }
  }

private:
  static constexpr score_scale scale = [] {
    if constexpr (requires { Model::scale; })
      return Model::scale;
    else
      return score_scale::logits;
  }();

  static int thread_count(const run_order<scalar>& order) {
    if (!is_concurrent<Model>) return 1;
    const int wanted =
        order.settings.threads > 0 ? order.settings.threads : static_cast<int>(std::thread::hardware_concurrency());
    return static_cast<int>(std::clamp<index_t>(wanted, 1, std::max<index_t>(1, order.jobs())));
  }

  const Recipe& recipe_;
  const Model& model_;
  Backend& backend_;
};

} // namespace advx::attack
