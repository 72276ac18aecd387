// For host_calls.cmake: a kernel that calls a function of the host, which nvcc does not tell.
struct program {
  static float of_the_host(float x) { return 3 * x; }
  constexpr void operator()(float* y) const { *y = of_the_host(*y); }
};

template <class F>
__global__ void run(F f, float* y) {
  f(y);
}

void start(float* y) { run<<<1, 1>>>(program{}, y); }
