// expect: advx: the sentence comes last
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "noise");
static_assert(sizeof(int) == 0, "advx: the sentence comes last");
int main() {}
