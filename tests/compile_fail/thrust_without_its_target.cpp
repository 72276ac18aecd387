// expect: advx: without nvcc, Thrust needs -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP
#ifdef ADVX_FIXED
#include <advx/backend/thrust/system.hpp>
#else
#include <advx/thrust.hpp>
#endif
