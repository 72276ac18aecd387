// The reader of binary CIFAR files, plain or gzipped: it refuses by file_error, or gives as many images as labels.
#include <advx/data/cifar.hpp>

#include "support.hpp"

using namespace advx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  data::cifar read;
  try {
    read = data::parse_cifar10(fuzz::bytes_of(data, size), "fuzz", fuzz::limit_for(size));
  } catch (const file_error&) {
    return 0;
  }
  fuzz::require_whole(read.images);
  fuzz::require_whole(read.labels);
  const index_t n = read.labels.size();
  fuzz::require(n > 0 && read.images.shape == std::vector<index_t>{n, 3, 32, 32}, "an image a label");
  for (const std::uint8_t label : read.labels.as<std::uint8_t>()) fuzz::require(label < 10, "labels of ten classes");
  return 0;
}
