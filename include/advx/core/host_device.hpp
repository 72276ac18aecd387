/// @file
/// The one macro of the library's code: marks a function for the host and, under a CUDA compiler, for the device too.
#pragma once

#if defined(__CUDACC__)
#define ADVX_HOST_DEVICE __host__ __device__
#else
#define ADVX_HOST_DEVICE
#endif
