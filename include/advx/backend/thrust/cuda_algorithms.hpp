/// @file
/// Thrust's own algorithms in the stream of a CUDA backend, with temporary memory from its pool: for what is done once
/// to a whole batch (a sort, a scan) rather than row by row.
#pragma once

#include <advx/backend/thrust/cuda.hpp>

#include <thrust/system/cuda/execution_policy.h>

#include <cstddef>
#include <memory>

namespace advx::backend {

/// Keeps what a policy of Thrust's refers to: it must live as long as the policy is used.
///
///     cuda_algorithms on(backend);
///     ::thrust::inclusive_scan(on.policy(), first, last, out);    // returns at once where the algorithm allows it
class cuda_algorithms {
public:
  explicit cuda_algorithms(const thrust<system::cuda>& backend) : memory_{backend.state()} {}
  cuda_algorithms(const cuda_algorithms&) = delete;
  cuda_algorithms& operator=(const cuda_algorithms&) = delete;

  /// Does not wait for the device, unless the algorithm returns a value to the host.
  auto policy() { return ::thrust::cuda::par_nosync(memory_).on(memory_.state->stream); }

private:
  /// What Thrust asks for temporary memory.
  struct pool_memory {
    using value_type = char;
    char* allocate(std::ptrdiff_t bytes) { return static_cast<char*>(state->take(static_cast<std::size_t>(bytes))); }
    void deallocate(char* memory, std::size_t) { state->give(memory); }

    std::shared_ptr<detail::cuda_state> state;
  };

  pool_memory memory_;
};

} // namespace advx::backend
