// expect: advx: FISTA needs a norm with a proximal map
int main() {}
