// expect: advx: backend::thrust<system::cuda> needs nvcc: include this in a .cu file
#ifdef ADVX_FIXED
#include <advx/backend/thrust/system.hpp>
#else
#include <advx/thrust_cuda.hpp>
#endif
