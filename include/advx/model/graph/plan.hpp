/// @file
/// Where a session keeps the arrays of a network, and how many images go through which operators together.
///
/// Images run in *tiles*. The operators are cut into *segments*; within a segment a few images at a time (`rows`) run
/// through all of its operators, so that what they write stays in the cache, while the weights that each operator reads
/// serve as many images as that allows. An array that is written and read within one segment only is *local*: each
/// few images overwrite those before. Memory that is not needed any more is used again; an operator that can work in
/// place does.
#pragma once

#include <advx/model/graph/network.hpp>

#include <algorithm>
#include <cstddef>

namespace advx::model::graph {

inline constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

/// Where an array, or its gradient, is: rows of `slot`, all of them one after the other unless it is local.
struct location {
  std::size_t slot = no_slot; ///< no_slot: the caller's memory
  bool local = false;
};

struct segment {
  std::size_t first = 0, last = 0; ///< nodes [first, last)
  index_t rows = 1;                ///< images that run through them together
};

/// One kind of memory: slots, each as long as the longest array that it holds.
struct slot_plan {
  std::vector<location> where;      ///< of each array
  std::vector<index_t> slot_values; ///< of each slot, for all the rows that it holds
};

struct plan {
  index_t tile = 1;
  std::vector<segment> segments;
  slot_plan values, gradients;
  /// Of each node and input: must its part of the gradient be added to what other readers have written?
  std::vector<std::vector<bool>> adds;
  index_t scratch_values = 0; ///< for parts that are to be added
};

namespace detail {

/// Hands out slots while the nodes are walked.
class slot_pool {
public:
  slot_pool(slot_plan& p, index_t rows_of_tile) : plan_(p), tile_(rows_of_tile) {}

  void place(index_t array, index_t size, bool local, index_t rows) {
    auto& free = local ? free_local_ : free_;
    const index_t values = size * (local ? rows : tile_);
    std::size_t best = no_slot; // the smallest that suffices, otherwise the largest
    for (std::size_t i = 0; i < free.size(); ++i) {
      const index_t has = plan_.slot_values[free[i]];
      if (best == no_slot) {
        best = i;
        continue;
      }
      const index_t now = plan_.slot_values[free[best]];
      if (has >= values ? now < values || has < now : now < values && has > now) best = i;
    }
    std::size_t slot = plan_.slot_values.size();
    if (best == no_slot) {
      plan_.slot_values.push_back(0);
    } else {
      slot = free[best];
      free.erase(free.begin() + static_cast<index_t>(best));
    }
    plan_.slot_values[slot] = std::max(plan_.slot_values[slot], values);
    plan_.where[static_cast<std::size_t>(array)] = {slot, local};
  }
  void release(index_t array) {
    const location l = plan_.where[static_cast<std::size_t>(array)];
    if (l.slot == no_slot) return;
    (l.local ? free_local_ : waiting_).push_back(l.slot);
  }
  /// What other images of the tile still read becomes free behind a segment only.
  void end_segment() {
    free_.insert(free_.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
  }

private:
  slot_plan& plan_;
  index_t tile_;
  std::vector<std::size_t> free_, free_local_, waiting_;
};

class planner {
public:
  planner(const network& net, index_t tile, index_t value_bytes)
      : net_(net),
        count_(net.sizes.size()),
        writer_(count_, no_slot),
        last_reader_(count_, no_slot),
        is_local_(count_, false) {
    plan_.tile = tile;
    cut(value_bytes);
    for (std::size_t s = 0; s < plan_.segments.size(); ++s)
      for (std::size_t n = plan_.segments[s].first; n < plan_.segments[s].last; ++n) segment_of_.push_back(s);
    std::vector<bool> crosses(count_, false);
    for (std::size_t n = 0; n < net.nodes.size(); ++n) {
      writer_[at(net.nodes[n].output)] = n;
      for (const index_t a : net.nodes[n].inputs) {
        last_reader_[at(a)] = n;
        crosses[at(a)] = crosses[at(a)] || a == 0 || segment_of_[writer_[at(a)]] != segment_of_[n];
      }
    }
    for (std::size_t a = 1; a < count_; ++a) is_local_[a] = !crosses[a] && static_cast<index_t>(a) != net.output;
    place_values();
    place_gradients();
  }

  plan take() { return std::move(plan_); }

private:
  static std::size_t at(index_t i) noexcept { return static_cast<std::size_t>(i); }

  /// As many images together as fill half of a core's cache with what an operator reads and writes, or as make up for
  /// reading its weights.
  void cut(index_t value_bytes) {
    constexpr index_t cache = index_t{1} << 20;
    std::vector<index_t> rows(net_.nodes.size(), 0);
    for (std::size_t n = 0; n < rows.size(); ++n) {
      const node& o = net_.nodes[n];
      const index_t weights = o.what->weight_bytes();
      if (weights == 0) continue;
      index_t values = net_.sizes[at(o.output)];
      for (const index_t a : o.inputs) values += net_.sizes[at(a)];
      const index_t wanted = std::clamp<index_t>(std::max(cache, weights) / (values * value_bytes), 1, plan_.tile);
      index_t power = 1;
      while (power * 2 <= wanted) power *= 2;
      rows[n] = power == wanted || power * 2 > plan_.tile ? std::min(wanted, plan_.tile) : power;
    }
    // Operators without weights go with those before them, the first ones with those behind.
    index_t now = 0;
    for (index_t& r : rows) now = r = r != 0 ? r : now;
    now = plan_.tile;
    for (std::size_t n = rows.size(); n-- > 0;) now = rows[n] = rows[n] != 0 ? rows[n] : now;
    for (std::size_t n = 0; n < rows.size(); ++n) {
      // A segment goes on while its number of images is about right.
      const index_t current = plan_.segments.empty() ? 0 : plan_.segments.back().rows;
      if (current != 0 && rows[n] <= 2 * current && current <= 2 * rows[n])
        plan_.segments.back().last = n + 1;
      else
        plan_.segments.push_back({n, n + 1, rows[n]});
    }
  }

  bool may_replace(const node& n) const {
    const index_t from = n.inputs[0];
    return n.what->in_place() && from != 0 && std::count(n.inputs.begin(), n.inputs.end(), from) == 1 &&
           net_.sizes[at(from)] == net_.sizes[at(n.output)] && is_local_[at(from)] == is_local_[at(n.output)];
  }

  void place_values() {
    slot_plan& p = plan_.values;
    p.where.resize(count_);
    slot_pool pool(p, plan_.tile);
    for (const segment& s : plan_.segments) {
      for (std::size_t i = s.first; i < s.last; ++i) {
        const node& n = net_.nodes[i];
        const index_t from = n.inputs[0];
        const bool replaces = may_replace(n) && last_reader_[at(from)] == i && from != net_.output;
        if (replaces)
          p.where[at(n.output)] = p.where[at(from)];
        else
          pool.place(n.output, net_.sizes[at(n.output)], is_local_[at(n.output)], s.rows);
        std::vector<index_t> read = n.inputs;
        std::sort(read.begin(), read.end());
        read.erase(std::unique(read.begin(), read.end()), read.end());
        for (const index_t a : read)
          if (last_reader_[at(a)] == i && a != net_.output && !(replaces && a == from)) pool.release(a);
      }
      pool.end_segment();
    }
  }

  void place_gradients() {
    slot_plan& p = plan_.gradients;
    p.where.resize(count_);
    plan_.adds.resize(net_.nodes.size());
    std::vector<bool> written(count_, false);
    slot_pool pool(p, plan_.tile);
    if (net_.output != 0) pool.place(net_.output, net_.sizes[at(net_.output)], false, plan_.tile);
    written[at(net_.output)] = true;
    for (std::size_t s = plan_.segments.size(); s-- > 0;) {
      const segment& part = plan_.segments[s];
      for (std::size_t i = part.last; i-- > part.first;) {
        const node& n = net_.nodes[i];
        bool replaced = false;
        index_t scratch = 0;
        for (std::size_t k = 0; k < n.inputs.size(); ++k) {
          const index_t a = n.inputs[k];
          plan_.adds[i].push_back(written[at(a)]);
          if (written[at(a)]) {
            scratch += net_.sizes[at(a)] * part.rows;
            continue;
          }
          written[at(a)] = true;
          if (a == 0) continue; // in the caller's memory
          if (k == 0 && may_replace(n)) {
            p.where[at(a)] = p.where[at(n.output)];
            replaced = true;
          } else {
            pool.place(a, net_.sizes[at(a)], is_local_[at(a)], part.rows);
          }
        }
        plan_.scratch_values = std::max(plan_.scratch_values, scratch);
        if (!replaced) pool.release(n.output);
      }
      pool.end_segment();
    }
  }

  const network& net_;
  std::size_t count_;
  std::vector<std::size_t> writer_, last_reader_;
  std::vector<bool> is_local_;
  std::vector<std::size_t> segment_of_;
  plan plan_;
};

} // namespace detail

/// Plans passes of at most `capacity` images.
inline plan make_plan(const network& net, index_t capacity, index_t value_bytes) {
  return detail::planner(net, std::min<index_t>(capacity, 32), value_bytes).take();
}

} // namespace advx::model::graph
