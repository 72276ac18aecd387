/// @file
/// What the tests of adaptors share.
#pragma once

#include <advx/advx.hpp>
#include <advx/backend/reference/reference.hpp>
#include <advx/core/batch.hpp>
#include <advx/testing/check_model.hpp>
#include <advx/testing/check_vjp.hpp>

#include <catch2/catch.hpp>

#include <numeric>
#include <string>

#include "oracle/models.hpp"

namespace support {

using advx::batch;
using advx::batch_view;
using advx::index_t;
using advx::label_t;
using reference = advx::backend::reference;

template <class T>
batch<T> images(index_t count, index_t size) {
  batch<T> x(count, size);
  for (index_t i = 0; i < count; ++i) {
    const auto image = oracle::hashed_image<T>(static_cast<std::size_t>(size), static_cast<std::uint32_t>(i + 1));
    std::copy(image.begin(), image.end(), x.row(i));
  }
  return x;
}

template <class Model>
auto scores_of(const Model& model, const batch<typename Model::scalar>& x) {
  reference backend;
  auto session = model.session(backend, x.rows());
  batch<typename Model::scalar> z(x.rows(), model.class_count());
  session.forward(x.view(), z.view());
  return z;
}

/// The gradients of all rows for the cotangents v.
template <class Model>
auto gradients_of(const Model& model, const batch<typename Model::scalar>& x, const batch<typename Model::scalar>& v) {
  reference backend;
  auto session = model.session(backend, x.rows());
  batch<typename Model::scalar> z(x.rows(), model.class_count()), g(x.rows(), model.input_size());
  session.forward(x.view(), z.view());
  std::vector<index_t> rows(static_cast<std::size_t>(x.rows()));
  std::iota(rows.begin(), rows.end(), index_t{0});
  session.pullback(rows, v.view(), g.view());
  return g;
}

template <class T>
batch<T> cotangents(index_t count, index_t classes) {
  batch<T> v(count, classes);
  for (index_t i = 0; i < count; ++i)
    for (index_t k = 0; k < classes; ++k)
      v.row(i)[k] = oracle::hashed_weight<T>(99, static_cast<std::size_t>(i), static_cast<std::size_t>(k));
  return v;
}

/// The message of the argument_error that f throws; a failure if it throws none.
template <class F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const advx::argument_error& e) {
    return e.what();
  }
  FAIL("no argument_error was thrown");
  return {};
}

/// The kit's verdict, its sentence shown where it fails.
#define REQUIRE_PASSES(...)                                                                                            \
  do {                                                                                                                 \
    const advx::testing::report verdict = __VA_ARGS__;                                                                 \
    INFO(verdict.fault);                                                                                               \
    REQUIRE(verdict.passed());                                                                                         \
  } while (false)

/// Calls of operator new so far (allocations.cpp).
long allocations();

/// A forward and two pullbacks through an open session allocate nothing.
template <class Model>
void require_no_allocation(const Model& model) {
  using T = typename Model::scalar;
  reference backend;
  auto session = model.session(backend, 4);
  const batch<T> x = images<T>(4, model.input_size()), v = cotangents<T>(4, model.class_count());
  batch<T> z(4, model.class_count()), g(4, model.input_size());
  const std::vector<index_t> rows{2, 0}, all{0, 1, 2, 3};
  const auto pass = [&] {
    session.forward(x.view(), z.view());
    session.pullback(rows, v.view().slice(0, 2), g.view().slice(0, 2));
    session.pullback(all, v.view(), g.view());
  };
  const long before = allocations();
  pass();
  REQUIRE(allocations() == before);
}

/// A linear model whose passes allocate nothing.
template <class T>
struct quiet_linear {
  using scalar = T;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;
  oracle::linear_model<T> model;

  index_t input_size() const { return model.input_size(); }
  index_t class_count() const { return model.class_count(); }
  struct session_type {
    const oracle::linear_model<T>* model;
    void forward(batch_view<const T> x, batch_view<T> z) {
      for (index_t i = 0; i < x.rows; ++i) model->scores_into(x.row(i), z.row(i));
    }
    void pullback(std::span<const index_t> rows, batch_view<const T> v, batch_view<T> g) {
      for (index_t i = 0; i < static_cast<index_t>(rows.size()); ++i) model->vjp_into(nullptr, v.row(i), g.row(i));
    }
  };
  template <class Backend>
  session_type session(Backend&, index_t) const {
    return {&model};
  }
};

/// The same function with its scores behind softmax: on the scale of probabilities (or of their logarithms).
template <class T, advx::score_scale Scale>
struct softmax_mlp {
  using scalar = T;
  static constexpr advx::score_scale scale = Scale;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;
  oracle::smooth_mlp<T> model;

  index_t input_size() const { return model.input_size(); }
  index_t class_count() const { return model.class_count(); }
  void scores_into(const T* x, T* z) const {
    std::vector<T> logits(static_cast<std::size_t>(class_count()));
    model.scores_into(x, logits.data());
    T sum = 0;
    for (const T l : logits) sum += std::exp(l);
    for (std::size_t k = 0; k < logits.size(); ++k) {
      const T p = std::exp(logits[k]) / sum;
      z[k] = Scale == advx::score_scale::probabilities ? p : std::log(p);
    }
  }
  void vjp_into(const T* x, const T* v, T* gradient) const {
    std::vector<T> z(static_cast<std::size_t>(class_count())), back(z.size());
    scores_into(x, z.data());
    T mean = 0, total = 0;
    for (std::size_t k = 0; k < z.size(); ++k) {
      mean += z[k] * v[k];
      total += v[k];
    }
    for (std::size_t k = 0; k < z.size(); ++k)
      back[k] = Scale == advx::score_scale::probabilities ? z[k] * (v[k] - mean) : v[k] - std::exp(z[k]) * total;
    model.vjp_into(x, back.data(), gradient);
  }
  template <class Backend>
  auto session(Backend&, index_t capacity) const {
    return oracle::row_by_row_session<softmax_mlp>(*this, capacity);
  }
};

} // namespace support
