// expect: advx: a model needs `using scalar = float;`
#include <advx/advx.hpp>

#include "models.hpp"

#ifdef ADVX_FIXED
using model = models::model<models::gradient_session>;
#else
struct model {
  using scalar = float;
  advx::index_t input_size() const;
  advx::index_t class_count() const;
};
#endif

void attack(const model& m, const advx::batch<float>& images, const advx::goal::untargeted& goal) {
  advx::run(advx::attack::carlini_wagner_l2{}, m, images, goal);
}
