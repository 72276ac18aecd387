#include "every_header.hpp"

const char* version_of_the_other_unit();

int main() { return advx::version == version_of_the_other_unit() ? 0 : 1; }
