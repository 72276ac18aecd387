// The reader of IDX files, plain or gzipped: it refuses by file_error, or gives an array whose sizes agree, and which
// makes images and labels.
#include <advx/data/idx.hpp>
#include <advx/data/images.hpp>

#include "support.hpp"

using namespace advx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  data::array a;
  try {
    a = data::parse_idx(fuzz::bytes_of(data, size), "fuzz", fuzz::limit_for(size));
  } catch (const file_error&) {
    return 0;
  }
  fuzz::require_whole(a);
  fuzz::require(a.bytes.size() <= fuzz::limit_for(size), "no more than the limit");
  if (a.shape.empty()) return 0;
  const auto images = data::to_unit_interval(a);
  fuzz::require(images.rows() == a.shape[0] && images.values.size() == a.bytes.size(), "a row of pixels an image");
  if (a.shape.size() == 1) fuzz::require(data::labels(a).size() == a.bytes.size(), "a label a byte");
  return 0;
}
