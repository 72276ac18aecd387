static_assert(sizeof(int) == 0, "advx: FISTA needs a norm with a proximal map");
int main() {}
