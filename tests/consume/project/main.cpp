// A user's program: one call into each part of advx that was asked for, so that each is compiled against and linked.
#include <advx/core/batch.hpp>
#include <advx/version.hpp>

#include <cstdio>

#ifdef WITH_data
#include <png.h>
#include <zlib.h>
#endif
#ifdef WITH_xtensor
#include <xtensor/xtensor.hpp>
#endif
#ifdef WITH_nn_xtensor
#include <cblas.h>
#endif

int main() {
  std::printf("advx %s\n", advx::version);
  double sum = advx::batch<float>(2, 3).view().size() == 6 ? 0 : 1;
#ifdef WITH_data
  sum += png_access_version_number() > 0 && zlibVersion()[0] != '\0' ? 0 : 1;
#endif
#ifdef WITH_xtensor
  sum += xt::xtensor<float, 1>{0.F, 0.F}(1) > 0 ? 1 : 0;
#endif
#ifdef WITH_nn_xtensor
  const double zeros[2] = {0, 0};
  sum += cblas_dasum(2, zeros, 1);
#endif
  return sum > 0 ? 1 : 0;
}
