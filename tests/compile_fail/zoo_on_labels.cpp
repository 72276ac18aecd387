// expect: advx: this attack needs scores: .*a model that answers labels only takes label attacks
#include <advx/advx.hpp>
#include <advx/attack/zoo_presets.hpp>

#include "models.hpp"

#ifdef ADVX_FIXED
using model = models::model<models::score_session>;
#else
using model = models::model<models::label_session>;
#endif

void attack(const model& m, const advx::batch<float>& images, const advx::goal::untargeted& goal) {
  advx::run(advx::attack::zoo_adam{}, m, images, goal);
}
