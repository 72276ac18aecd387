// Read before each program here (-include): a stand-in for the CUDA toolkit and a backend on it, enough for clang to
// follow what a device's code calls. nvcc does not tell: where a constexpr function calls a function of the host's, it
// leaves the call out in silence.
#pragma once

#include <stdlib.h>

#include <cstddef>

#define __CUDACC__ 1
#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))

struct dim3 {
  unsigned x, y = 1, z = 1;
  dim3(unsigned n) : x(n) {}
};
extern "C" int cudaConfigureCall(dim3 blocks, dim3 threads, std::size_t shared = 0, void* stream = nullptr);

#include <advx/backend/thrust/block_team.hpp>

#include <algorithm>
#include <vector>

namespace reach {

using advx::index_t;

struct block {
  static constexpr index_t size = 128;
  static constexpr index_t group = 32;
  __host__ __device__ index_t rank() const { return 0; }
  __host__ __device__ void meet() const {}
  template <class T>
  __host__ __device__ T exchange(T v, index_t) const {
    return v;
  }
  template <class T>
  __host__ __device__ T* board(index_t) const {
    return static_cast<T*>(memory);
  }
  void* memory;
};

template <class Program>
__global__ void run_row(Program program) {
  const advx::backend::block_team<block> team(block{nullptr});
  program(team, index_t{0});
}

/// Its `rows` puts the program within a device's reach. It is compiled, and never run.
struct device {
  static constexpr const char* name = "reach";
  static constexpr bool lockstep = true;

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
  advx::backend::block_team<block> team() const { return advx::backend::block_team<block>(block{nullptr}); }

  template <class Program>
  void rows(index_t, const Program& program) const {
    run_row<<<1, 1>>>(program);
  }
};

} // namespace reach
