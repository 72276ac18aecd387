// expect: advx: this loss does not take the model's score scale: loss::margin needs logits
#include <advx/advx.hpp>

#include "models.hpp"

#ifdef ADVX_FIXED
using model = models::model<models::gradient_session>;
#else
using model = models::model<models::gradient_session, advx::score_scale::probabilities>;
#endif

void attack(const model& m, const advx::batch<float>& images, const advx::goal::untargeted& goal) {
  advx::run(advx::attack::carlini_wagner_l2{}, m, images, goal);
}
