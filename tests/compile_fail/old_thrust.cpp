// expect: advx: this Thrust is too old: advx needs that of CUDA 13 or newer
#include <advx/backend/thrust/version.hpp>
