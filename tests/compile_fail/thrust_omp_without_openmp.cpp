// expect: advx: backend::thrust<system::omp> needs <advx/thrust.hpp> and OpenMP: compile with -fopenmp
#include <advx/backend/reference/reference.hpp>
#include <advx/backend/thrust/system.hpp>

#ifdef ADVX_FIXED
advx::backend::reference backend;
#else
advx::backend::thrust<advx::backend::system::omp> backend;
#endif
