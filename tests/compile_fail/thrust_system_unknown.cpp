// expect: advx: backend::thrust<System> takes system::cpp, system::omp or system::cuda
#include <advx/backend/reference/reference.hpp>
#include <advx/backend/thrust/system.hpp>

#ifdef ADVX_FIXED
advx::backend::reference backend;
#else
struct tbb {};
advx::backend::thrust<tbb> backend;
#endif
