// One header: ADVX_HEADER is <it>.
#include ADVX_HEADER

int main() {}
