// The kit for models: right ones pass, and each kind of wrong one is caught and named.
#include <advx/testing/check_model.hpp>

#include <catch2/catch.hpp>

#include <atomic>

#include "oracle/models.hpp"

using advx::batch_view;
using advx::index_t;
using advx::label_t;

namespace {

enum class fault {
  none,
  sum_by_batch,    // adds in another order where a batch has more than 20 rows
  last_row,        // the last row of a batch of 7 is off by one bit
  order,           // a row's place shows in its scores
  subset_gradient, // pulls back the wrong row of a subset
  stale_gradient,  // a second pullback of one forward differs
  writes_input,    // changes its images
  not_finite,      // one image's score
  second_thread,   // two sessions at once disturb one another
};

template <fault Fault>
struct faulty {
  using scalar = float;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true;
  oracle::linear_model<float> model{4, 9};

  index_t input_size() const { return model.input_size(); }
  index_t class_count() const { return model.class_count(); }

  struct session_type : oracle::row_by_row_session<oracle::linear_model<float>> {
    using base = oracle::row_by_row_session<oracle::linear_model<float>>;
    static inline std::atomic<int> running{0};
    int pullbacks = 0;

    explicit session_type(const oracle::linear_model<float>& m, index_t capacity) : base(m, capacity) { ++running; }
    session_type(const session_type&) = delete;
    ~session_type() { --running; }

    void forward(batch_view<const float> x, batch_view<float> z) {
      base::forward(x, z);
      pullbacks = 0;
      if (Fault == fault::sum_by_batch && x.rows > 20)
        for (index_t i = 0; i < z.size(); ++i) z.data[i] += 1e-6f * z.data[i];
      if (Fault == fault::last_row && x.rows == 7) z.row(6)[2] = std::nextafter(z.row(6)[2], 9.f);
      if (Fault == fault::order && x.rows == 100 && x.row(0)[0] > x.row(99)[0]) z.row(0)[0] += 1;
      if (Fault == fault::writes_input) const_cast<float*>(x.data)[0] = 0;
      if (Fault == fault::not_finite && x.row(0)[0] > 0.9f) z.row(0)[1] = std::numeric_limits<float>::quiet_NaN();
      if (Fault == fault::second_thread && running > 1) z.row(0)[0] += 1;
    }
    void pullback(std::span<const index_t> rows, batch_view<const float> v, batch_view<float> g) {
      base::pullback(rows, v, g);
      ++pullbacks;
      if (Fault == fault::subset_gradient && rows.size() > 1 && rows[0] > rows[1]) g.row(1)[3] += 1;
      if (Fault == fault::stale_gradient && pullbacks == 5) g.row(0)[0] += 1;
    }
  };
  template <class Backend>
  session_type session(Backend&, index_t capacity) const {
    return session_type(model, capacity);
  }
};

template <fault Fault>
std::string found() {
  const auto report = advx::testing::check_model(faulty<Fault>{});
  REQUIRE(report.passed() == (Fault == fault::none));
  return report.fault;
}

bool mentions(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

} // namespace

TEST_CASE("models that compute rows alone pass, whatever they answer") {
  const oracle::smooth_mlp<float> mlp(4, 12, 8);
  for (const auto& report :
       {advx::testing::check_model(mlp), advx::testing::check_model(oracle::smooth_mlp<double>(4, 12, 8)),
        advx::testing::check_model(oracle::score_only{mlp}), advx::testing::check_model(oracle::label_only{mlp})}) {
    INFO(report.fault);
    REQUIRE(report);
    REQUIRE(report.checks > 1000);
  }
  REQUIRE(found<fault::none>().empty());
}

TEST_CASE("rows that depend on their batch are found, and named with both values") {
  const std::string sum = found<fault::sum_by_batch>();
  CHECK(mentions(sum, "score 0 of image 0 is "));
  CHECK(mentions(sum, "in batches of 33"));
  CHECK(mentions(sum, " alone"));
  const std::string last = found<fault::last_row>();
  CHECK(mentions(last, "score 2 of image 6 is "));
  CHECK(mentions(last, "in batches of 7"));
  CHECK(!found<fault::order>().empty());
}

TEST_CASE("wrong subsets and stale state in pullbacks are found") {
  CHECK(mentions(found<fault::subset_gradient>(), "every third row"));
  CHECK(mentions(found<fault::stale_gradient>(), "again after others"));
}

TEST_CASE("passes that write where they may not are found") {
  CHECK(mentions(found<fault::writes_input>(), "changes its images"));
  struct past_end : faulty<fault::none> {
    // Only in batches of at least two rows.
    struct session_type : faulty<fault::none>::session_type {
      using faulty<fault::none>::session_type::session_type;
      void forward(batch_view<const float> x, batch_view<float> z) {
        faulty<fault::none>::session_type::forward(x, z);
        if (x.rows > 1) z.row(x.rows)[0] = 0;
      }
    };
    session_type session(advx::backend::reference&, index_t capacity) const { return session_type(model, capacity); }
  };
  CHECK(mentions(advx::testing::check_model(past_end{}).fault, "forward writes outside of its scores"));
}

TEST_CASE("answers that are not finite are found") { CHECK(mentions(found<fault::not_finite>(), "score 1 of image")); }

TEST_CASE("sessions that disturb one another on two threads are found") {
  // Whether short passes overlap is the scheduler's choice: this model sees other sessions, not other passes.
  CHECK(mentions(found<fault::second_thread>(), "on two threads"));
}

TEST_CASE("the trial's batches are those that are tried") {
  const advx::testing::model_trial few{.batches = {1, 6}};
  CHECK(advx::testing::check_model(faulty<fault::last_row>{}, few).passed());
  const advx::testing::model_trial seven{.batches = {7}};
  CHECK(!advx::testing::check_model(faulty<fault::last_row>{}, seven).passed());
}
