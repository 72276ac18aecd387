/// @file
/// Attack spaces that grow while the attack goes on.
#pragma once

#include <advx/space/resized.hpp>

namespace advx::space {

/// Enlarged changes on several levels: `hierarchical<>{.image = {3, 299, 299}, .levels = {{{32, 32}, {64, 64, 2000},
/// {128, 128, 10000}}}}` is that of Chen et al. 2017, section 4.4 (Sharma's thesis, section 3.3.3).
template <class Inner = pixels>
using hierarchical = reduced<bilinear, Inner>;

} // namespace advx::space
