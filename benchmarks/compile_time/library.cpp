#include <advx/advx.hpp>

int main() {}
