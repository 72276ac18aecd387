// expect: advx: backend::thrust<system::cuda> needs nvcc: include <advx/thrust_cuda.hpp> in a .cu file
#include <advx/backend/reference/reference.hpp>
#include <advx/backend/thrust/system.hpp>

#ifdef ADVX_FIXED
advx::backend::reference backend;
#else
advx::backend::thrust<advx::backend::system::cuda> backend;
#endif
