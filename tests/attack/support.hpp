/// @file
/// What the attack tests share: a watched model, scenes to attack, and an attack behind one function per backend, so
/// that the properties are written and compiled once for all attacks.
#pragma once

#include <advx/attack/run.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "oracle/models.hpp"

namespace attack_test {

using advx::batch;
using advx::index_t;
using advx::label_t;

/// What a watched model was asked.
struct call_log {
  std::atomic<std::int64_t> forward_rows{0}, pullback_rows{0};
  bool keeps_points = false;               ///< for one thread only
  std::vector<std::vector<double>> points; ///< every row forwarded, in order
};

/// Any model of the oracles behind one type; counts and records.
template <class T, bool RowInvariant = true>
struct watched {
  using scalar = T;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = RowInvariant;

  index_t inputs = 0;
  index_t classes = 0;
  std::function<void(const T*, T*)> scores_into;
  std::function<void(const T*, const T*, T*)> vjp_into;
  std::shared_ptr<call_log> log = std::make_shared<call_log>();

  watched() = default;
  template <class Model>
  explicit watched(const Model& m)
      : inputs(m.input_size()),
        classes(m.class_count()),
        scores_into([m](const T* x, T* z) { m.scores_into(x, z); }),
        vjp_into([m](const T* x, const T* v, T* g) { m.vjp_into(x, v, g); }) {}

  index_t input_size() const { return inputs; }
  index_t class_count() const { return classes; }
  /// The scores of one image, apart from all sessions and uncounted.
  std::vector<T> scores(const T* x) const {
    std::vector<T> z(static_cast<std::size_t>(classes));
    scores_into(x, z.data());
    return z;
  }
  label_t label(const T* x) const {
    const std::vector<T> z = scores(x);
    return static_cast<label_t>(std::max_element(z.begin(), z.end()) - z.begin());
  }

  template <class Backend>
  auto session(Backend&, index_t capacity) const {
    struct session_type {
      oracle::row_by_row_session<watched> rows;
      std::shared_ptr<call_log> log;
      void forward(advx::batch_view<const T> images, advx::batch_view<T> scores) {
        log->forward_rows += images.rows;
        if (log->keeps_points)
          for (index_t i = 0; i < images.rows; ++i)
            log->points.emplace_back(images.row(i), images.row(i) + images.cols);
        rows.forward(images, scores);
      }
      void pullback(std::span<const index_t> which, advx::batch_view<const T> cotangent, advx::batch_view<T> gradient) {
        log->pullback_rows += static_cast<std::int64_t>(which.size());
        rows.pullback(which, cotangent, gradient);
      }
    };
    return session_type{{*this, capacity}, log};
  }
};

/// A model, images inside [0, 1], their classes by the model, and a class other than its own for each.
template <class T, bool RowInvariant = true>
struct scene {
  watched<T, RowInvariant> model;
  batch<T> images;
  std::vector<label_t> labels;
  std::vector<label_t> targets;

  template <class Model>
  scene(const Model& m, index_t count) : model(m),
                                         images(count, m.input_size()) {
    for (index_t i = 0; i < count; ++i) {
      const auto x = oracle::hashed_image<T>(static_cast<std::size_t>(m.input_size()), static_cast<unsigned>(i) + 1);
      std::copy(x.begin(), x.end(), images.row(i));
    }
    relabel();
  }
  /// After a change of the images.
  void relabel() {
    const auto others = static_cast<label_t>(model.classes - 1);
    labels.clear();
    targets.clear();
    for (index_t i = 0; i < images.rows(); ++i) {
      labels.push_back(model.label(images.row(i)));
      targets.push_back((labels.back() + 1 + static_cast<label_t>(i) % others) % (others + 1));
    }
  }
  /// Rows `which`, in that order.
  scene picked(const std::vector<index_t>& which) const {
    scene s = *this;
    s.images = batch<T>(static_cast<index_t>(which.size()), images.cols());
    s.labels.clear();
    s.targets.clear();
    for (std::size_t k = 0; k < which.size(); ++k) {
      std::copy_n(images.row(which[k]), images.cols(), s.images.row(static_cast<index_t>(k)));
      s.labels.push_back(labels[static_cast<std::size_t>(which[k])]);
      s.targets.push_back(targets[static_cast<std::size_t>(which[k])]);
    }
    return s;
  }
};

template <class T>
using outcome_of = advx::result<batch<T>>;

/// Attacks a scene towards its targets, or away from its labels.
template <class T>
using runner = std::function<outcome_of<T>(const scene<T>&, bool targeted, const advx::options&)>;

/// An attack as the properties see it.
template <class T>
struct subject {
  std::string norm;      ///< that ranks, and that ε is meant in
  double epsilon = -1;   ///< negative: no ball
  double confidence = 0; ///< κ
  bool random = false;   ///< draws random numbers, which depend on an image's position
  /// Does the model see the very rows that are counted? In lockstep it also sees those of slots that wait.
  bool packed = true;
  /// Are several rows pulled back at a point, so that pullbacks are more than points?
  bool jacobian = false;
  std::int64_t most_points = 1; ///< of an image in one pass
  runner<T> reference;
  /// Towards the targets on a further backend, by its name.
  struct elsewhere {
    std::string backend;
    std::function<outcome_of<T>(const scene<T>&, const advx::options&)> run;
  };
  std::vector<elsewhere> others;
};

/// An attack on a backend, by which all properties are judged.
template <class T, class Backend = advx::backend::reference, class Attack>
subject<T> subject_of(const Attack& attack) {
  const auto recipe = attack.recipe();
  subject<T> s;
  s.norm = decltype(recipe.rankings().first)::name;
  s.jacobian = requires { decltype(recipe)::template machine<T>::max_cotangents; };
  s.most_points = decltype(recipe)::template machine<T>::max_points;
  s.confidence = recipe.confidence();
  if constexpr (requires { recipe.radius; }) {
    s.epsilon = recipe.radius.epsilon;
    s.random = !decltype(recipe)::starts_at_original;
  }
  s.reference = [attack](const scene<T>& given, bool targeted, const advx::options& o) {
    if (targeted)
      return advx::run(attack, given.model, given.images, advx::goal::targeted{given.labels, given.targets}, o,
                       Backend{});
    return advx::run(attack, given.model, given.images, advx::goal::untargeted{given.labels}, o, Backend{});
  };
  s.packed = !Backend::lockstep;
  return s;
}

/// The same with further backends beside the reference.
template <class T, class... Others, class Attack>
subject<T> subject_on(const Attack& attack) {
  subject<T> s = subject_of<T>(attack);
  const auto add = [&]<class Other>(Other) {
    s.others.push_back({Other::name, [attack](const scene<T>& given, const advx::options& o) {
                          return advx::run(attack, given.model, given.images,
                                           advx::goal::targeted{given.labels, given.targets}, o, Other{});
                        }});
  };
  (add(Others{}), ...);
  return s;
}

/// All invariants, as sections of the running test case. In properties.cpp, for float and double.
template <class T>
void keeps_the_invariants(const subject<T>& s);
extern template void keeps_the_invariants(const subject<float>&);
extern template void keeps_the_invariants(const subject<double>&);

} // namespace attack_test
