/// @file
/// The row primitives for a block of threads that share one row. All threads of the block run the row program in step:
/// each takes every `size`-th column, and what one call has written is visible to all threads in the next.
///
/// What a program does outside the team's calls, every thread does. So there it may
///   - compute what follows from the team's answers and from memory that nobody is writing;
///   - store a value that is the same in all threads and depends on nothing that the store overwrites;
/// but what adds to memory (`count[r] += 1`) belongs into `team.each(1, ...)`, and a value that the next call
/// overwrites must be read inside a call, or with another call in between.
///
/// `Block` is how the threads meet: CUDA's (cuda.hpp), or in tests a group of host threads. It has
///
///     static constexpr index_t size;          // threads, a power of two, at least a group
///     static constexpr index_t group;         // threads that can exchange values without memory: a warp's 32
///     index_t rank() const;                   // of the calling thread
///     void meet() const;                      // a barrier of the block; writes before it are visible after it
///     template <class T> T exchange(T v, index_t distance) const;   // v of thread rank ^ distance, distance < group
///     template <class T> T* board(index_t side) const;              // memory of the block for size / group values of
///                                                                   // T; the two sides do not overlap
#pragma once

#include <advx/core/host_device.hpp>
#include <advx/core/types.hpp>

#include <limits>

namespace advx::backend {

/// The members and their meaning are those of `reference_team`. Sums are added in one fixed order, so that a run
/// repeats to the bit; the order depends on `Block::size` and is not that of the host teams.
///
/// Not copyable: every thread counts the block's reductions in its one team.
template <class Block>
struct block_team {
  ADVX_HOST_DEVICE explicit block_team(const Block& block) : block_(block) {}
  block_team(const block_team&) = delete;
  block_team& operator=(const block_team&) = delete;

  /// f(j) for j in [0, n), in any order. The threads meet afterwards, also where n is 0.
  template <class F>
  ADVX_HOST_DEVICE void each(index_t n, F f) const {
    for (index_t j = block_.rank(); j < n; j += Block::size) f(j);
    block_.meet();
  }

  /// Σ f(j): each thread's columns in ascending order, then pairwise over the threads.
  template <class T, class F>
  ADVX_HOST_DEVICE T sum(index_t n, F f) const {
    T own = T(0);
    for (index_t j = block_.rank(); j < n; j += Block::size) own += f(j);
    return fold(own, add{});
  }

  /// max f(j); lowest() where n is 0.
  template <class T, class F>
  ADVX_HOST_DEVICE T max(index_t n, F f) const {
    T own = std::numeric_limits<T>::lowest();
    for (index_t j = block_.rank(); j < n; j += Block::size) {
      const T v = f(j);
      own = own < v ? v : own;
    }
    return fold(own, greater{});
  }

  /// The first j with the greatest f(j); −1 where n is 0.
  template <class T, class F>
  ADVX_HOST_DEVICE index_t argmax(index_t n, F f) const {
    place<T> own{std::numeric_limits<T>::lowest(), -1};
    for (index_t j = block_.rank(); j < n; j += Block::size) {
      T v = f(j);
      // A serial loop that starts from a NaN keeps it, and passes over every later one.
      if (v != v) {
        if (j != 0) continue;
        v = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
      }
      if (own.column < 0 || own.value < v) own = {v, j};
    }
    return fold(own, first_greatest{}).column;
  }

  /// The number of j for which f(j) holds.
  template <class F>
  ADVX_HOST_DEVICE index_t count(index_t n, F f) const {
    index_t own = 0;
    for (index_t j = block_.rank(); j < n; j += Block::size) own += f(j) ? 1 : 0;
    return fold(own, add{});
  }

private:
  static_assert(Block::size % Block::group == 0 && (Block::size & (Block::size - 1)) == 0);

  template <class T>
  struct place {
    T value;
    index_t column;
  };
  struct add {
    template <class T>
    ADVX_HOST_DEVICE T operator()(T a, T b) const {
      return a + b;
    }
  };
  struct greater {
    template <class T>
    ADVX_HOST_DEVICE T operator()(T a, T b) const {
      return a < b ? b : a;
    }
  };
  struct first_greatest {
    template <class T>
    ADVX_HOST_DEVICE place<T> operator()(place<T> a, place<T> b) const {
      if (b.column < 0) return a;
      if (a.column < 0) return b;
      if (a.value == b.value) return a.column < b.column ? a : b;
      return a.value < b.value ? b : a;
    }
  };

  template <class T>
  ADVX_HOST_DEVICE T other(T v, index_t distance) const {
    return block_.exchange(v, distance);
  }
  template <class T>
  ADVX_HOST_DEVICE place<T> other(place<T> v, index_t distance) const {
    return {block_.exchange(v.value, distance), block_.exchange(v.column, distance)};
  }

  /// The threads' values joined; every thread has the result. One barrier: successive calls write on either side of
  /// the board in turn, so that nobody overwrites what others still read.
  template <class T, class Join>
  ADVX_HOST_DEVICE T fold(T own, Join join) const {
    for (index_t distance = Block::group / 2; distance > 0; distance /= 2) own = join(own, other(own, distance));
    if constexpr (Block::size == Block::group) {
      block_.meet();
      return own;
    } else {
      T* board = block_.template board<T>(side_);
      side_ = 1 - side_;
      if (block_.rank() % Block::group == 0) board[block_.rank() / Block::group] = own;
      block_.meet();
      T all = board[0];
      for (index_t i = 1; i < Block::size / Block::group; ++i) all = join(all, board[i]);
      return all;
    }
  }

  Block block_;
  mutable index_t side_ = 0;
};

} // namespace advx::backend
