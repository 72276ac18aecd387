// expect: advx: FISTA needs a norm with a proximal map
static_assert(sizeof(int) == 0, "some other trouble");
int main() {}
