#include "every_header.hpp"

const char* version_of_the_other_unit();
const char* version_of_the_other_unit() { return advx::version; }
