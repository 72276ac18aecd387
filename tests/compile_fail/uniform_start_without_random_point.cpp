// expect: advx: start::uniform draws a random point of the norm's ball, and the norm has no `random_point`: add it
#include <advx/advx.hpp>

// A norm of one's own: it projects, and draws no points.
struct weighted {
  static constexpr const char* name = "weighted";
  template <class Team, class T>
  constexpr double distance(const Team& team, const T* x, const T* x0, advx::index_t n) const {
    return 2 * advx::norm::linf{}.distance(team, x, x0, n);
  }
  template <class Team, class T, class Get>
  constexpr auto projection(const Team& team, const advx::image_ref<T>& image, double radius, Get v) const {
    return advx::norm::linf{}.projection(team, image, radius / 2, v);
  }
  template <class Team, class T>
  constexpr void fit(const Team&, const advx::image_ref<T>&, double, T*) const {}
#ifdef ADVX_FIXED
  template <class T, class Team>
  constexpr void random_point(const Team& team, advx::index_t n, double radius, advx::kernel::random_stream random,
                              T* d) const {
    advx::norm::linf{}.random_point(team, n, radius / 2, random, d);
  }
#endif
};

advx::attack::budget<weighted, advx::loss::cross_entropy, advx::optimizer::adam, advx::start::uniform> recipe{};
