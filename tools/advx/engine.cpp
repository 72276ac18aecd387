#include "engine.hpp"

#include <advx/attack/crew.hpp>
#include <advx/model/preprocessed.hpp>
#include <advx/testing/check_model.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "attacks/backend.hpp"
#include "interrupt.hpp"

namespace advx_command {

namespace {

using advx::batch;
using advx::index_t;
using advx::label_t;

/// A model whose passes end when the user has interrupted the program: the first image may be long in coming.
template <class Model>
class interruptible : public advx::model::detail::adaptor<Model> {
public:
  using typename advx::model::detail::adaptor<Model>::scalar;
  using advx::model::detail::adaptor<Model>::adaptor;

  template <class Backend>
  class session_type {
  public:
    session_type(const interruptible& model, Backend& b, index_t capacity)
        : inner_(model.inner().session(b, capacity)) {}
    void forward(advx::batch_view<const scalar> images, advx::batch_view<scalar> scores) {
      if (interrupt_seen) throw interrupted{};
      inner_.forward(images, scores);
    }
    void pullback(std::span<const index_t> rows, advx::batch_view<const scalar> cotangent,
                  advx::batch_view<scalar> gradient) {
      inner_.pullback(rows, cotangent, gradient);
    }

  private:
    advx::session_of<Model, Backend> inner_;
  };
  template <class Backend>
  session_type<Backend> session(Backend& b, index_t capacity) const {
    return {*this, b, capacity};
  }
};

template <class Backend>
shelf<Backend> all_attacks() {
  shelf<Backend> all;
  fast_gradient(all);
  projected_gradient(all);
  least_radius(all);
  carlini_wagner(all);
  tighten(all);
  elastic_net(all);
  change_of_variable(all);
  lbfgs(all);
  geometry(all);
  questions(all);
  universal(all);
  return all;
}

template <class Backend>
class engine_on final : public engine {
  using any = advx::model::any<Backend>;

public:
  explicit engine_on(const network& n)
      : model_(wrap(n)),
        extents_(n.net.image_extents()),
        attacks_(all_attacks<Backend>()) {}

  index_t class_count() const override { return model_.class_count(); }

  verdict check_rows(double lower, double upper) const override {
    advx::testing::model_trial trial{.lower = lower, .upper = upper};
    // About 40 passes over the largest batch: a large image's are dear, and what goes wrong does so in small ones.
    if (model_.input_size() > 16384) trial.batches = {1, 2, 3, 7};
    const advx::testing::report r = advx::testing::check_model(model_, trial, Backend{});
    if (!r.passed()) return {false, r.fault};
    std::string sizes;
    for (const index_t n : trial.batches) sizes += (sizes.empty() ? "" : ", ") + std::to_string(n);
    return {true, "scores and gradients have the same bits alone, in batches of " + sizes +
                      ", in another order, in subsets and on two threads"};
  }

  batch<float> scores(const batch<float>& images, int threads) const override {
    constexpr index_t tile = 32;
    batch<float> out(images.rows(), class_count());
    std::atomic<index_t> next{0};
    std::exception_ptr failure;
    std::mutex guard;
    auto work = [&] {
      try {
        Backend b{};
        auto session = model_.session(b, tile);
        for (index_t first; (first = next.fetch_add(tile)) < images.rows();) {
          const index_t rows = std::min(tile, images.rows() - first);
          session.forward(images.view().slice(first, rows), out.view().slice(first, rows));
        }
      } catch (...) {
        const std::lock_guard lock(guard);
        failure = std::current_exception();
      }
    };
    const int wanted = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency());
    advx::attack::on_threads(
        static_cast<int>(std::clamp<index_t>(wanted, 1, std::max<index_t>(1, (images.rows() + tile - 1) / tile))),
        [](void* each) { (*static_cast<decltype(work)*>(each))(); }, &work);
    if (failure) std::rethrow_exception(failure);
    return out;
  }

  std::vector<label_t> least_likely(const batch<float>& images, const std::vector<label_t>& labels) const override {
    return advx::goal::least_likely(model_, images, labels, Backend{}).targets;
  }

  void check(const request& r) const override { attacks_[r.which]->check(r.numbers); }
  std::vector<std::pair<std::string, double>> shown(const request& r) const override {
    return attacks_[r.which]->shown(r.numbers);
  }
  void run(const request& r, const batch<float>& images, const goal& g, const advx::options& settings, int levels,
           run_result& out) const override {
    attacks_[r.which]->run(r.numbers, {model_, images, extents_, g, settings, levels, out});
  }

private:
  static any wrap(const network& n) {
    if (n.mean.empty()) return any(interruptible<advx::model::graph::classifier<>>(n.net));
    return any(interruptible<advx::model::preprocessed<advx::model::normalise, advx::model::graph::classifier<>>>(
        advx::model::preprocessed{advx::model::normalise{n.mean, n.deviation}, n.net}));
  }

  any model_;
  std::vector<index_t> extents_; // of an image
  shelf<Backend> attacks_;
};

} // namespace

template <class Backend>
std::vector<description> catalogue_of() {
  std::vector<description> all;
  for (const auto& a : all_attacks<Backend>()) all.push_back(a->what);
  return all;
}

template <class Backend>
std::unique_ptr<engine> open_on(const network& n) {
  return std::make_unique<engine_on<Backend>>(n);
}

template std::vector<description> catalogue_of<backend>();
template std::unique_ptr<engine> open_on<backend>(const network&);

} // namespace advx_command
