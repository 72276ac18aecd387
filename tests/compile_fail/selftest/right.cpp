// expect: advx: FISTA needs a norm with a proximal map
#ifndef ADVX_FIXED
static_assert(sizeof(int) == 0, "advx: FISTA needs a norm with a proximal map");
#endif
int main() {}
