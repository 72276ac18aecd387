// A CUDA block played by host threads, and a backend of such blocks: what runs here under ThreadSanitizer without a
// report has no race on a device either, as far as row programs go.
#pragma once

#include <advx/backend/thrust/block_team.hpp>
#include <advx/concepts/backend.hpp>

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

namespace backend_tests {

using advx::index_t;

/// `Size` host threads, of which each `Group` can exchange values.
template <index_t Size, index_t Group>
struct thread_block {
  static constexpr index_t size = Size;
  static constexpr index_t group = Group;

  struct shared {
    std::barrier<> barrier{Size};
    alignas(16) unsigned char slots[Size][16];
    alignas(16) unsigned char boards[2][Size / Group][16];
  };
  shared* together;
  index_t place;

  index_t rank() const { return place; }
  void meet() const { together->barrier.arrive_and_wait(); }
  template <class T>
  T exchange(T v, index_t distance) const {
    std::memcpy(together->slots[place], &v, sizeof(T));
    meet();
    std::memcpy(&v, together->slots[place ^ distance], sizeof(T));
    meet();
    return v;
  }
  template <class T>
  T* board(index_t side) const {
    static_assert(sizeof(T) <= 16);
    return reinterpret_cast<T*>(together->boards[side]);
  }
};

/// Runs `f(team, rank)` in every thread of one block.
template <class Block, class F>
void run_block(const F& f) {
  typename Block::shared shared;
  std::vector<std::thread> threads;
  for (index_t rank = 0; rank < Block::size; ++rank)
    threads.emplace_back([&, rank] {
      const advx::backend::block_team<Block> team(Block{&shared, rank});
      f(team, rank);
    });
  for (auto& t : threads) t.join();
}

/// Blocks of four threads, one row after another. Memory is the host's.
struct block_backend {
  static constexpr const char* name = "thread-block";
  static constexpr bool lockstep = true;
  using block = thread_block<4, 2>;

  template <class T>
  using buffer = std::vector<T>;
  template <class T>
  buffer<T> allocate(index_t n) const {
    return buffer<T>(static_cast<std::size_t>(n));
  }
  template <class T>
  void upload(const T* host, index_t n, T* device) const {
    std::copy_n(host, n, device);
  }
  template <class T>
  void download(const T* device, index_t n, T* host) const {
    std::copy_n(device, n, host);
  }
  advx::backend::block_team<block> team() const { return advx::backend::block_team<block>(block{nullptr, 0}); }

  template <class Program>
  void rows(index_t n, const Program& program) const {
    if (n > 0)
      run_block<block>([&](const auto& team, index_t) {
        for (index_t r = 0; r < n; ++r) program(team, r);
      });
  }
  void synchronize() const {}
};

static_assert(advx::backend_like<block_backend>);

} // namespace backend_tests
