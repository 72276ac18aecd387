// expect: advx: a model.s session needs `forward\(images, scores\)`
#include <advx/advx.hpp>

#include "models.hpp"

#ifdef ADVX_FIXED
using model = models::model<models::gradient_session>;
#else
using model = models::model<int>;
#endif

void attack(const model& m, const advx::batch<float>& images, const advx::goal::untargeted& goal) {
  advx::run(advx::attack::projected_gradient<advx::norm::l2>{}, m, images, goal);
}
