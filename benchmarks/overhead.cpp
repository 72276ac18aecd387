#include "overhead.hpp"

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const int pairs = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5;
  if (argc > 3) overhead::only = argv[3];
  std::printf("median of %d paired runs; overhead = attack CPU s / CPU s of the same passes on the bare model\n",
              pairs);
  std::printf("%-8s %-10s %7s %10s %10s %12s %12s %9s\n", "network", "attack", "threads", "pullbacks", "forwards",
              "attack CPU s", "bare CPU s", "overhead");
  overhead::softmax_regression(data, pairs);
  overhead::mlp(data, pairs);
  overhead::carlini_wagner(data, pairs);
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
