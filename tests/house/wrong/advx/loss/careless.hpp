// No purpose, no guard, quotes, a macro left behind; one that is taken back is fine.
#include "../core/types.hpp"
#define SQUARE(x) ((x) * (x))
#define ADVX_LOCAL 1
#undef ADVX_LOCAL
