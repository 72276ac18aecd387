// The invariants of every attack, on what the attack returns alone: nothing here looks into the library.
#include <catch2/catch.hpp>

#include <cstring>
#include <numeric>

#include "attack/support.hpp"

namespace attack_test {
namespace {

using advx::status;

constexpr index_t image_count = 70; // more than one full batch of 64
constexpr std::size_t pixels = 24, classes = 4;

template <class T>
std::vector<std::pair<std::string, scene<T>>> scenes() {
  return {{"smooth_mlp", scene<T>(oracle::smooth_mlp<T>(classes, pixels, 10), image_count)},
          {"linear_model", scene<T>(oracle::linear_model<T>(classes, pixels), image_count)}};
}

/// The margin in the model's own type: ≥ 0 where the goal is met.
template <class T>
T margin_of(const scene<T>& s, std::size_t i, const T* x, bool targeted) {
  const std::vector<T> z = s.model.scores(x);
  const auto own = static_cast<std::size_t>(targeted ? s.targets[i] : s.labels[i]);
  T rival = std::numeric_limits<T>::lowest();
  for (std::size_t j = 0; j < z.size(); ++j)
    if (j != own) rival = std::max(rival, z[j]);
  return targeted ? z[own] - rival : rival - z[own];
}

struct sizes {
  double l0 = 0, l1 = 0, l2 = 0, linf = 0;
};
/// Distances of the stored values, in the plain order.
template <class T>
sizes sizes_of(const T* x, const T* x0, index_t n) {
  sizes d;
  double squares = 0;
  for (index_t j = 0; j < n; ++j) {
    const double v = std::abs(double(x[j]) - double(x0[j]));
    d.l0 += v != 0;
    d.l1 += v;
    squares += v * v;
    d.linf = std::max(d.linf, v);
  }
  d.l2 = std::sqrt(squares);
  return d;
}

template <class T>
double in_norm(const subject<T>& s, const sizes& d) {
  return s.norm == "l0" ? d.l0 : s.norm == "l1" ? d.l1 : s.norm == "l2" ? d.l2 : d.linf;
}

/// Names of what differs between row i of `a` and row k of `b`; empty where all is the same to the bit.
template <class T>
std::string difference(const outcome_of<T>& a, std::size_t i, const outcome_of<T>& b, std::size_t k) {
  std::string found;
  const auto same = [&](const char* what, bool holds) {
    if (!holds) found += std::string(found.empty() ? "" : ", ") + what;
  };
  const auto outcomes = [&](const advx::outcome<batch<T>>& p, const advx::outcome<batch<T>>& q) {
    same("ranking", p.ranking == q.ranking);
    same("images", std::memcmp(p.images.row(index_t(i)), q.images.row(index_t(k)),
                               sizeof(T) * static_cast<std::size_t>(p.images.cols())) == 0);
    same("success", p.success[i] == q.success[k]);
    same("labels", p.labels[i] == q.labels[k]);
    same("distances", p.l0[i] == q.l0[k] && p.l1[i] == q.l1[k] && p.l2[i] == q.l2[k] && p.linf[i] == q.linf[k]);
  };
  outcomes(a, b);
  same("rankings", a.other_rankings.size() == b.other_rankings.size());
  for (std::size_t r = 0; r < std::min(a.other_rankings.size(), b.other_rankings.size()); ++r)
    outcomes(a.other_rankings[r], b.other_rankings[r]);
  same("status", a.status[i] == b.status[k]);
  same("clean_labels", a.clean_labels[i] == b.clean_labels[k]);
  same("constant", a.constant[i] == b.constant[k]);
  same("iterations", a.iterations[i] == b.iterations[k]);
  same("queries", a.queries[i] == b.queries[k]);
  same("rows", a.forward_rows[i] == b.forward_rows[k] && a.pullback_rows[i] == b.pullback_rows[k]);
  return found;
}

template <class T>
void check_same(const outcome_of<T>& a, const outcome_of<T>& b) {
  REQUIRE(a.success.size() == b.success.size());
  for (std::size_t i = 0; i < a.success.size(); ++i) {
    INFO("image " << i);
    REQUIRE(difference(a, i, b, i) == "");
  }
  CHECK(a.verification_rows == b.verification_rows);
}

/// What holds of every row of every result, whatever the run was.
template <class T>
void check_rows(const subject<T>& s, const scene<T>& given, const outcome_of<T>& r, bool targeted,
                const advx::options& o) {
  const index_t n = given.images.cols();
  const auto low = [&](index_t j) { return T(o.box.lowers.empty() ? o.box.lower : o.box.lowers[std::size_t(j)]); };
  const auto high = [&](index_t j) { return T(o.box.uppers.empty() ? o.box.upper : o.box.uppers[std::size_t(j)]); };
  std::vector<const advx::outcome<batch<T>>*> outcomes{&r};
  for (const auto& further : r.other_rankings) outcomes.push_back(&further);

  REQUIRE(r.status.size() == static_cast<std::size_t>(given.images.rows()));
  for (std::size_t i = 0; i < r.status.size(); ++i) {
    const T* x0 = given.images.row(index_t(i));
    INFO("image " << i);
    if (s.jacobian) {
      CHECK(r.forward_rows[i] <= r.queries[i]);
      CHECK(r.queries[i] <= r.forward_rows[i] + r.pullback_rows[i]);
    } else {
      CHECK(r.queries[i] == r.forward_rows[i] + r.pullback_rows[i]);
    }
    for (const auto* one : outcomes) {
      INFO("ranked by " << one->ranking);
      const T* x = one->images.row(index_t(i));
      index_t outside = 0;
      for (index_t j = 0; j < n; ++j) outside += !(low(j) <= x[j] && x[j] <= high(j));
      CHECK(outside == 0);

      const sizes d = sizes_of(x, x0, n);
      CHECK(one->l0[i] == d.l0);
      CHECK(one->linf[i] == d.linf);
      CHECK(one->l1[i] == Approx(d.l1).epsilon(1e-13));
      CHECK(one->l2[i] == Approx(d.l2).epsilon(1e-13));

      const T margin = margin_of(given, i, x, targeted);
      if (one->success[i] != 0) {
        CHECK(margin > T(0));
        CHECK(margin >= T(s.confidence));
        CHECK((r.status[i] == status::success || r.status[i] == status::already_adversarial ||
               r.status[i] == status::stopped));
      } else {
        CHECK(margin >= margin_of(given, i, x0, targeted));
        CHECK((r.status[i] == status::failed || r.status[i] == status::stopped));
      }
      if (r.queries[i] > 0) CHECK(one->labels[i] == given.model.label(x));
      if (s.epsilon >= 0) {
        const double epsilon = o.epsilon.empty() ? s.epsilon : o.epsilon[i];
        const double reported = in_norm(s, {one->l0[i], one->l1[i], one->l2[i], one->linf[i]});
        CHECK(reported <= epsilon);
        // An independent sum; between doubles its own rounding may differ by a few units.
        CHECK(in_norm(s, d) <= (sizeof(T) == 4 || s.norm == "linf" ? epsilon : epsilon * (1 + 1e-14)));
      }
    }
  }
}

template <class T>
void check_counters(const outcome_of<T>& r, const call_log& log) {
  const auto total = [](const std::vector<std::int64_t>& v) { return std::accumulate(v.begin(), v.end(), 0LL); };
  CHECK(log.forward_rows == total(r.queries) + r.verification_rows);
  CHECK(log.pullback_rows == total(r.pullback_rows));
}

advx::options one_thread(index_t batch_size = 64) {
  advx::options o;
  o.batch = batch_size;
  o.threads = 1;
  return o;
}

template <class T>
outcome_of<T> run_counted(const subject<T>& s, scene<T> given, bool targeted, const advx::options& o) {
  given.model.log = std::make_shared<call_log>();
  const outcome_of<T> r = s.reference(given, targeted, o);
  if (s.packed) check_counters(r, *given.model.log);
  return r;
}

} // namespace

template <class T>
void keeps_the_invariants(const subject<T>& s) {
  const auto all = scenes<T>();

  SECTION("a success is a success, a failure the best found, and every row was counted") {
    std::size_t succeeded = 0, failed = 0;
    for (const auto& [name, given] : all)
      for (const bool targeted : {false, true}) {
        INFO(name << (targeted ? ", targeted" : ", untargeted"));
        const outcome_of<T> r = run_counted(s, given, targeted, one_thread());
        check_rows(s, given, r, targeted, one_thread());
        CHECK(r.complete);
        CHECK(r.clean_labels == given.labels);
        for (const status end : r.status) {
          succeeded += end == status::success;
          failed += end == status::failed;
        }
      }
    CHECK(succeeded > 10);
    if (s.epsilon >= 0) CHECK(failed > 10);
  }

  SECTION("each image has its own radius") {
    if (s.epsilon < 0) return;
    const auto& given = all[0].second;
    std::vector<double> radii;
    for (index_t i = 0; i < image_count; ++i) radii.push_back(s.epsilon * 0.25 * double(i % 6));
    advx::options o = one_thread();
    o.epsilon = radii;
    const outcome_of<T> r = run_counted(s, given, false, o);
    check_rows(s, given, r, false, o);
    for (std::size_t i = 0; i < radii.size(); i += 6) CHECK(r.l0[i] == 0); // radius 0
    // The recipe's own radius, spelled out, changes nothing.
    radii.assign(radii.size(), s.epsilon);
    check_same(s.reference(given, false, o), s.reference(given, false, one_thread()));
  }

  SECTION("batch, threads and order change no bit") {
    for (const auto& [name, given] : all)
      for (const bool targeted : {false, true}) {
        INFO(name << (targeted ? ", targeted" : ", untargeted"));
        const outcome_of<T> base = s.reference(given, targeted, one_thread());
        for (const index_t size : {1, 3, 7, 64}) {
          INFO("batch " << size);
          check_same(base, run_counted(s, given, targeted, one_thread(size)));
          advx::options two = one_thread(size);
          two.threads = 2;
          check_same(base, run_counted(s, given, targeted, two));
        }
        // The same positions without the images behind them.
        std::vector<index_t> order(11);
        std::iota(order.begin(), order.end(), index_t{0});
        const outcome_of<T> some = s.reference(given.picked(order), targeted, one_thread());
        for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(difference(base, i, some, i) == "");
        if (s.random) continue;
        order.clear();
        for (index_t i = 0; i < image_count; ++i) order.push_back((i * 29 + 11) % image_count);
        const outcome_of<T> permuted = s.reference(given.picked(order), targeted, one_thread(7));
        for (std::size_t i = 0; i < order.size(); ++i)
          REQUIRE(difference(base, std::size_t(order[i]), permuted, i) == "");
      }
  }

  SECTION("backends agree to the bit") {
    for (const auto& [name, given] : all)
      for (const auto& other : s.others) {
        INFO(name << " on " << other.backend);
        check_same(s.reference(given, true, one_thread()), other.run(given, one_thread(7)));
      }
  }

  SECTION("an image that meets the goal already comes back unchanged for one query") {
    if (s.confidence > 0) return; // the margin of the original may be too small
    auto given = all[0].second;
    const auto meets = [](std::size_t i) { return i % 3 == 0; };
    for (std::size_t i = 0; i < given.labels.size(); ++i)
      if (meets(i)) given.labels[i] = (given.labels[i] + 1) % label_t(classes);
    const outcome_of<T> r = run_counted(s, given, false, one_thread());
    check_rows(s, given, r, false, one_thread());
    for (std::size_t i = 0; i < given.labels.size(); ++i) {
      INFO("image " << i);
      CHECK((r.status[i] == status::already_adversarial) == meets(i));
      if (!meets(i)) continue;
      CHECK(r.success[i] == 1);
      CHECK(r.linf[i] == 0);
      CHECK(std::equal(r.images.row(index_t(i)), r.images.row(index_t(i)) + pixels, given.images.row(index_t(i))));
      CHECK(r.queries[i] == 1);
      CHECK(r.pullback_rows[i] == 0);
      CHECK(r.iterations[i] == 0);
    }
  }

  SECTION("an observer sees the run grow, and stops it") {
    const auto& given = all[0].second;
    advx::progress last;
    bool grows = true;
    const auto watch = [&](const advx::progress& p) {
      grows = grows && p.total == image_count && p.done > last.done && p.done <= p.total && p.succeeded <= p.done &&
              p.forward >= last.forward && p.pullback >= last.pullback;
      last = p;
      return true;
    };
    advx::options o = one_thread(4);
    o.observer = watch;
    const outcome_of<T> whole = s.reference(given, true, o);
    CHECK(grows);
    CHECK(last.done == image_count);
    CHECK(last.pullback == std::accumulate(whole.pullback_rows.begin(), whole.pullback_rows.end(), 0LL));

    int calls = 0;
    const auto stop = [&](const advx::progress&) { return ++calls < 3; };
    o.observer = stop;
    const outcome_of<T> r = run_counted(s, given, true, o);
    check_rows(s, given, r, true, o);
    CHECK(calls == 3);
    CHECK_FALSE(r.complete);
    std::size_t untouched = 0;
    for (std::size_t i = 0; i < r.status.size(); ++i) {
      INFO("image " << i);
      if (r.status[i] != status::stopped) { // finished before: as if nothing had stopped
        CHECK(difference(whole, i, r, i) == "");
      } else if (r.queries[i] == 0) {
        ++untouched;
        CHECK(r.success[i] == 0);
        CHECK(std::equal(r.images.row(index_t(i)), r.images.row(index_t(i)) + pixels, given.images.row(index_t(i))));
        CHECK(r.l0[i] == 0);
      }
    }
    CHECK(untouched >= std::size_t(image_count) / 2);
  }

  SECTION("no image asks more than it may") {
    const auto& given = all[0].second;
    const outcome_of<T> whole = s.reference(given, true, one_thread());
    const std::int64_t points = s.norm == "elastic_net" ? 2 : 1; // per tick
    for (const std::int64_t limit : {1, 2, 7, 25}) {
      INFO("limit " << limit);
      advx::options o = one_thread(7);
      o.budget.queries = limit;
      const outcome_of<T> r = run_counted(s, given, true, o);
      check_rows(s, given, r, true, o);
      bool any_stopped = false;
      for (std::size_t i = 0; i < r.status.size(); ++i) {
        INFO("image " << i);
        CHECK(r.queries[i] <= limit);
        if (whole.queries[i] <= limit) {
          CHECK(difference(whole, i, r, i) == "");
        } else if (s.most_points > 2 && r.status[i] == status::success) {
          // One of the fewer points that it asked for at once was what it looked for.
        } else {
          any_stopped = true;
          CHECK(r.status[i] == status::stopped);
          CHECK(r.queries[i] > limit - points);
        }
      }
      CHECK(r.complete == !any_stopped);
    }
  }

  SECTION("the time that is over ends the run") {
    advx::options o = one_thread(5);
    o.budget.seconds = 1e-9;
    const outcome_of<T> r = run_counted(s, all[0].second, true, o);
    check_rows(s, all[0].second, r, true, o);
    CHECK_FALSE(r.complete);
    CHECK(std::count(r.status.begin(), r.status.end(), status::stopped) >= image_count - 5);
    CHECK(std::count(r.queries.begin(), r.queries.end(), 0) == image_count - 5);
    // The pass under way, and the one after it.
    CHECK(*std::max_element(r.queries.begin(), r.queries.end()) <= 2 * std::max<std::int64_t>(2, s.most_points));
  }

  SECTION("each coordinate has its own box") {
    auto given = all[0].second;
    std::vector<double> lowers, uppers;
    for (std::size_t j = 0; j < pixels; ++j) {
      lowers.push_back(j % 5 == 0 ? 0.25 : j % 5 == 1 ? -0.5 : 0.1);
      uppers.push_back(j % 5 == 0 ? 0.25 : j % 5 == 1 ? 1.5 : 0.7); // every fifth coordinate cannot move
    }
    for (index_t i = 0; i < image_count; ++i)
      for (std::size_t j = 0; j < pixels; ++j)
        given.images.row(i)[j] = std::clamp(given.images.row(i)[j], T(lowers[j]), T(uppers[j]));
    given.relabel();
    advx::options o = one_thread();
    o.box.lowers = lowers;
    o.box.uppers = uppers;
    for (const bool targeted : {false, true}) {
      const outcome_of<T> r = run_counted(s, given, targeted, o);
      check_rows(s, given, r, targeted, o);
      CHECK(std::count(r.success.begin(), r.success.end(), 1) > 0);
    }
  }
}

template void keeps_the_invariants(const subject<float>&);
template void keeps_the_invariants(const subject<double>&);

} // namespace attack_test
