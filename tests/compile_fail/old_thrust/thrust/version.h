// Stands for the Thrust that a distribution packages beside the CUDA toolkit's own.
#ifdef ADVX_FIXED
#define THRUST_VERSION 300001
#else
#define THRUST_VERSION 101702
#endif
