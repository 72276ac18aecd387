// What the tests of the seams share: a model that writes down every pass, images, and the laws of the driver.
#pragma once

#include <advx/advx.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <numeric>

#include "oracle/models.hpp"

namespace seams {

using advx::index_t;
using advx::status;

/// The rows of every forward pass and pullback, session by session.
struct pass_log {
  struct session {
    index_t capacity = 0;
    std::vector<index_t> forward, pullback;
  };
  std::mutex mutex;
  std::vector<std::shared_ptr<session>> sessions;

  std::int64_t forward_rows() const { return total(&session::forward); }
  std::int64_t pullback_rows() const { return total(&session::pullback); }

private:
  std::int64_t total(std::vector<index_t> session::*passes) const {
    std::int64_t sum = 0;
    for (const auto& s : sessions) sum = std::accumulate(((*s).*passes).begin(), ((*s).*passes).end(), sum);
    return sum;
  }
};

template <class Inner>
struct logged_session {
  Inner inner;
  std::shared_ptr<pass_log::session> log;

  template <class X, class Z>
    requires requires(Inner& i, X x, Z z) { i.forward(x, z); }
  void forward(X x, Z z) {
    log->forward.push_back(x.rows);
    inner.forward(x, z);
  }
  template <class X>
    requires requires(Inner& i, X x, std::span<advx::label_t> y) { i.labels(x, y); }
  void labels(X x, std::span<advx::label_t> y) {
    log->forward.push_back(x.rows);
    inner.labels(x, y);
  }
  template <class Z, class X>
    requires requires(Inner& i, std::span<const index_t> rows, Z z, X x) { i.pullback(rows, z, x); }
  void pullback(std::span<const index_t> rows, Z z, X x) {
    log->pullback.push_back(static_cast<index_t>(rows.size()));
    inner.pullback(rows, z, x);
  }
};

/// The same model, with a log.
template <class Model>
struct logged : Model {
  std::shared_ptr<pass_log> log = std::make_shared<pass_log>();

  explicit logged(Model m) : Model(std::move(m)) {}
  template <class Backend>
  auto session(Backend& backend, index_t capacity) const {
    using inner_session = decltype(Model::session(backend, capacity));
    auto mine = std::make_shared<pass_log::session>();
    mine->capacity = capacity;
    const std::lock_guard lock(log->mutex);
    log->sessions.push_back(mine);
    return logged_session<inner_session>{Model::session(backend, capacity), mine};
  }
};

/// Images and the classes that a model gives them.
struct problem {
  advx::batch<double> images;
  std::vector<advx::label_t> labels;
  advx::goal::untargeted goal() const { return advx::goal::untargeted{labels}; }
};

/// `middle`: pixels stay in [0.3, 0.7], away from the box. Every 8th image has a wrong label: it is adversarial
/// already.
template <class Model>
problem make_problem(const Model& model, index_t count, bool middle = false) {
  problem p{advx::batch<double>(count, model.input_size()), {}};
  for (index_t i = 0; i < count; ++i) {
    auto x = oracle::hashed_image<double>(static_cast<std::size_t>(model.input_size()), static_cast<std::uint32_t>(i));
    if (middle)
      for (double& v : x) v = 0.3 + 0.4 * v;
    std::copy(x.begin(), x.end(), p.images.row(i));
    const auto label = model.label(x);
    p.labels.push_back(i % 8 == 7 ? static_cast<advx::label_t>((label + 1) % model.class_count()) : label);
  }
  return p;
}

inline advx::options settings(index_t batch, int threads) {
  advx::options o;
  o.batch = batch;
  o.threads = threads;
  return o;
}

using result = advx::result<advx::batch<double>>;

/// The reference's arithmetic, all slots at once.
struct in_lockstep : advx::backend::reference {
  static constexpr bool lockstep = true;
};

/// Is image i's part of two results the same to the bit?
inline bool same(const result& a, const result& b, std::size_t i) {
  const auto row = static_cast<index_t>(i);
  return std::equal(a.images.row(row), a.images.row(row) + a.images.cols(), b.images.row(row)) &&
         a.success[i] == b.success[i] && a.labels[i] == b.labels[i] && a.status[i] == b.status[i] &&
         a.l2[i] == b.l2[i] && a.l0[i] == b.l0[i] && a.clean_labels[i] == b.clean_labels[i] &&
         a.iterations[i] == b.iterations[i] && a.queries[i] == b.queries[i] && a.forward_rows[i] == b.forward_rows[i] &&
         a.pullback_rows[i] == b.pullback_rows[i];
}

/// The passes that a driver without compaction needs: batches of `slots` images, each as long as its longest.
inline std::int64_t passes_with_barriers(const result& r, std::size_t slots) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < r.iterations.size(); i += slots)
    sum += *std::max_element(r.iterations.begin() + std::ptrdiff_t(i),
                             r.iterations.begin() + std::ptrdiff_t(std::min(i + slots, r.iterations.size())));
  return sum;
}

/// The laws of the driver for any attack whose `iterations` are its answered ticks (but for images that the ledger
/// ends in their first tick). Returns the whole result.
template <class Attack, class Model>
result check_driver(const Attack& attack, const Model& plain, const problem& p, index_t most_points) {
  const result whole = advx::run(attack, plain, p.images, p.goal(), settings(64, 1));
  REQUIRE(whole.complete);
  const auto sum = [](const std::vector<std::int64_t>& v) {
    return std::accumulate(v.begin(), v.end(), std::int64_t{0});
  };

  for (const index_t batch : {1, 5, 64})
    for (const int threads : {1, 2}) {
      CAPTURE(batch, threads);
      const logged<Model> model(plain);
      const result r = advx::run(attack, model, p.images, p.goal(), settings(batch, threads));
      for (std::size_t i = 0; i < r.success.size(); ++i) {
        CAPTURE(i);
        CHECK(same(whole, r, i));
        CHECK(r.queries[i] == r.forward_rows[i] + r.pullback_rows[i]);
      }
      // The counters are the rows that the model saw.
      CHECK(model.log->forward_rows() == sum(r.queries) + r.verification_rows);
      CHECK(model.log->pullback_rows() == sum(r.pullback_rows));
      if (threads > 1) continue;

      // A pass is as full as it can be, or everybody who has a question is in it.
      const auto& work = *model.log->sessions.front();
      const auto passes = static_cast<std::int64_t>(work.forward.size());
      const auto ticks = sum(r.iterations) + std::count(r.iterations.begin(), r.iterations.end(), 0);
      const auto slots = std::min<std::int64_t>(batch, p.images.rows());
      const auto longest = *std::max_element(r.iterations.begin(), r.iterations.end());
      CAPTURE(passes, ticks, work.capacity, sum(r.queries));
      CHECK(work.capacity >= most_points);
      CHECK(*std::max_element(work.forward.begin(), work.forward.end()) <= work.capacity);
      const auto crowded = std::count_if(work.forward.begin(), work.forward.end(),
                                         [&](index_t rows) { return rows > work.capacity - most_points; });
      CHECK(passes - crowded <= ticks / slots + longest);
      // No pass is empty, and alone every tick is a pass of its own.
      CHECK(*std::min_element(work.forward.begin(), work.forward.end()) > 0);
      if (batch == 1) CHECK(passes == ticks);
    }
  // The driver that runs all slots at once finds the same, to the bit.
  for (const index_t batch : {1, 5, 64}) {
    CAPTURE(batch);
    const result r = advx::run(attack, plain, p.images, p.goal(), settings(batch, 1), in_lockstep{});
    CHECK(r.complete);
    for (std::size_t i = 0; i < r.success.size(); ++i) {
      CAPTURE(i);
      CHECK(same(whole, r, i));
    }
  }
  return whole;
}

/// The observer ends a run: what was finished stays as it is, what was not begun comes back untouched.
template <class Attack, class Model>
void check_stop(const Attack& attack, const Model& model, const problem& p, const result& whole) {
  int calls = 0;
  const auto stop = [&](const advx::progress& now) {
    ++calls;
    return now.done < 6;
  };
  advx::options o = settings(3, 1);
  o.observer = stop;
  const result r = advx::run(attack, model, p.images, p.goal(), o);
  CHECK_FALSE(r.complete);
  CHECK(calls <= 6);
  std::size_t finished = 0, untouched = 0;
  for (std::size_t i = 0; i < r.success.size(); ++i) {
    CAPTURE(i);
    if (r.status[i] != status::stopped) {
      ++finished;
      CHECK(same(whole, r, i));
    } else if (r.queries[i] == 0) {
      ++untouched;
      CHECK(r.l0[i] == 0);
      CHECK(r.success[i] == 0);
      CHECK(r.clean_labels[i] == advx::no_label);
    }
  }
  CHECK(finished >= 6);
  CHECK(finished <= 8);                                // three slots may end in one tick
  CHECK(untouched + finished >= r.success.size() - 3); // at most the slots' own images were under way

  // One who stops at the very last image has stopped nothing.
  const auto last = [&](const advx::progress& now) { return now.done < now.total; };
  o.observer = last;
  CHECK(advx::run(attack, model, p.images, p.goal(), o).complete);
}

} // namespace seams
