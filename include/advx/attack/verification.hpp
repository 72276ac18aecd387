/// @file
/// The end of every image: its candidates are classified again before any of them is called a success.
#pragma once

#include <advx/attack/arena.hpp>
#include <advx/attack/outputs.hpp>
#include <advx/backend/reference/vector_team.hpp>
#include <advx/concepts/model.hpp>
#include <advx/kernel/gather.hpp>
#include <advx/norm/distance.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

namespace advx::attack {

/// Rows of every pass of a model that is not row-invariant.
inline constexpr index_t fixed_tile = 32;

/// One forward pass: scores, or labels of a model that answers nothing else.
template <bool Scored, class Session, class T>
void ask(Session& session, batch_view<const T> points, index_t classes, T* scores, label_t* labels) {
  if constexpr (Scored)
    session.forward(points, batch_view<T>{scores, points.rows, classes});
  else
    session.labels(points, std::span<label_t>(labels, static_cast<std::size_t>(points.rows)));
}

/// Classifies finished images again in a fresh session, once in full passes and once alone, and hands out the first
/// candidate of each ranking that holds.
template <class Programs, class Model, class Backend>
class verification {
  using T = scalar_of<Model>;
  using record = typename Programs::record;
  using session_type = session_of<Model, Backend>;
  static constexpr bool scored = ::advx::detail::answers_scores<session_of<Model, Backend>, T>;
  static constexpr index_t candidates = Programs::ledger_type::candidates;

public:
  /// @param tile rows of a full pass; a model that is not row-invariant sees no other
  verification(const Model& model, Backend& backend, const run_order<T>& order, outputs<T>& out, double confidence,
               index_t tile)
      : model_(model),
        backend_(backend),
        order_(order),
        out_(out),
        confidence_(confidence),
        tile_(tile) {}

  /// Opens a session, and takes all the backend's memory that is needed: before any work that its lack could lose.
  void open() {
    memory_.reset(new arena<Backend>(backend_));
    session_.reset(new session_type(model_.session(backend_, tile_)));
    scores_ = memory_->template take<T>(scored ? tile_ * order_.classes : 0);
    labels_ = memory_->template take<label_t>(scored ? 0 : tile_);
    packed_ = memory_->template take<T>(tile_ * order_.images.cols);
    which_ = memory_->template take<index_t>(tile_);
    from_.resize(static_cast<std::size_t>(tile_));
  }

  /// Candidate `at` of record p is row at·room + p of `planes`, in the backend's memory; `host` holds the same rows in
  /// the host's. Records that no image has left are passed over. To be called once after `open`.
  void operator()(std::span<record> records, const T* planes, const T* host, index_t room) {
    const auto count = static_cast<index_t>(records.size());
    if (count == 0) return;
    const index_t size = order_.images.cols;
    std::vector<T> told(static_cast<std::size_t>(scored ? tile_ * order_.classes : 0));
    std::vector<label_t> decided(static_cast<std::size_t>(scored ? 0 : tile_));
    std::vector<index_t> chosen(records.size());
    std::vector<std::uint8_t> settled(records.size()), good(records.size());

    std::vector<index_t> asked;
    // One forward pass over the candidates `at` of `rows` records from asked[first] on, padded where it must be.
    const auto pass = [&](index_t at, std::size_t first, index_t rows) {
      const index_t padded = is_row_invariant_on<Model, Backend> ? rows : tile_;
      for (index_t i = 0; i < padded; ++i)
        from_[static_cast<std::size_t>(i)] = at * room + asked[first + static_cast<std::size_t>(i < rows ? i : 0)];
      backend_.upload(from_.data(), padded, which_);
      backend_.rows(padded, kernel::gather_rows<T>{planes, which_, packed_, size});
      ask<scored>(*session_, batch_view<const T>{packed_, padded, size}, order_.classes, scores_, labels_);
      if constexpr (scored)
        backend_.download(scores_, rows * order_.classes, told.data());
      else
        backend_.download(labels_, rows, decided.data());
      verified_rows += rows;
    };
    const auto holds = [&](index_t row, index_t p, index_t at) {
      record& r = records[static_cast<std::size_t>(p)];
      const auto s = Programs::summary(scored ? told.data() + row * order_.classes : nullptr,
                                       scored ? no_label : decided[static_cast<std::size_t>(row)], order_.classes,
                                       order_.goals[static_cast<std::size_t>(r.job)]);
      r.labels[at] = s.predicted;
      return s.finite && s.margin >= s.required(confidence_, T(order_.settings.tie)) &&
             in_box(host + (at * room + p) * size);
    };

    for (index_t k = 0; k < Programs::ledger_type::rankings; ++k) {
      std::fill(chosen.begin(), chosen.end(), k * candidates);
      std::fill(settled.begin(), settled.end(), std::uint8_t{0});
      for (index_t at = k * candidates; at < (k + 1) * candidates; ++at) {
        asked.clear();
        for (index_t p = 0; p < count; ++p) {
          const record& r = records[static_cast<std::size_t>(p)];
          if (r.succeeded && settled[static_cast<std::size_t>(p)] == 0 && r.present[at]) asked.push_back(p);
        }
        std::fill(good.begin(), good.end(), std::uint8_t{1});
        for (const index_t width : {tile_, index_t{1}}) // in full passes, then alone
          for (std::size_t first = 0; first < asked.size(); first += static_cast<std::size_t>(width)) {
            const index_t rows = std::min(width, static_cast<index_t>(asked.size() - first));
            pass(at, first, rows);
            for (index_t i = 0; i < rows; ++i) {
              const index_t p = asked[first + static_cast<std::size_t>(i)];
              if (!holds(i, p, at)) good[static_cast<std::size_t>(p)] = 0;
            }
          }
        for (const index_t p : asked) {
          if (good[static_cast<std::size_t>(p)] == 0) continue;
          settled[static_cast<std::size_t>(p)] = 1;
          chosen[static_cast<std::size_t>(p)] = at;
        }
      }
      for (index_t p = 0; p < count; ++p)
        if (records[static_cast<std::size_t>(p)].left)
          hand_out(records[static_cast<std::size_t>(p)], host, room, p, k, chosen[static_cast<std::size_t>(p)],
                   settled[static_cast<std::size_t>(p)] != 0);
    }
    for (const record& r : records)
      if (r.left) tell(r);
  }

  std::int64_t verified_rows = 0;

private:
  bool in_box(const T* x) const {
    const T *low = order_.bounds.data(), *high = low + order_.images.cols;
    return backend::vector_team{}.count(order_.images.cols,
                                        [=](index_t j) { return !(low[j] <= x[j] && x[j] <= high[j]); }) == 0;
  }

  [[gnu::noinline]] void hand_out(record& r, const T* host, index_t room, index_t p, index_t k, index_t at,
                                  bool success) {
    const auto job = static_cast<std::size_t>(r.job);
    const index_t size = order_.images.cols;
    const T* image = host + (at * room + p) * size;
    std::copy_n(image, size, out_.images[static_cast<std::size_t>(k)] + r.job * size);
    outcome_table& to = *out_.rankings[static_cast<std::size_t>(k)];
    to.success[job] = success ? 1 : 0;
    to.labels[job] = r.labels[at];
    const norm::distances d =
        norm::measure(backend::vector_team{}, image, order_.images.row(r.job / order_.cases), size);
    to.l0[job] = d.l0;
    to.l1[job] = d.l1;
    to.l2[job] = d.l2;
    to.linf[job] = d.linf;
    if (k > 0) return;
    if (success && r.end == status::failed) r.end = status::success;
    if (!success && r.end == status::already_adversarial) r.end = status::failed; // not so when classified again
  }

  void tell(const record& r) {
    const auto job = static_cast<std::size_t>(r.job);
    run_table& to = out_.run;
    to.status[job] = r.end;
    to.clean_labels[job] = r.clean;
    to.queries[job] = r.queries;
    to.forward_rows[job] = r.forward;
    to.pullback_rows[job] = r.pullback;
    to.iterations[job] = r.tally.iterations;
    to.constant[job] = r.tally.constant;
  }

  const Model& model_;
  Backend& backend_;
  const run_order<T>& order_;
  outputs<T>& out_;
  double confidence_;
  index_t tile_;
  std::unique_ptr<arena<Backend>> memory_;
  std::unique_ptr<session_type> session_;
  T* scores_ = nullptr;
  label_t* labels_ = nullptr;
  T* packed_ = nullptr;
  index_t* which_ = nullptr;
  std::vector<index_t> from_;
};

} // namespace advx::attack
