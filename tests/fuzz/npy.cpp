// The reader of .npy files: it refuses by file_error, or gives an array whose sizes agree, and which goes round through
// the writer.
#include <advx/data/npy.hpp>

#include "support.hpp"

using namespace advx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  data::array a;
  try {
    a = data::parse_npy(fuzz::bytes_of(data, size), "fuzz");
  } catch (const file_error&) {
    return 0;
  }
  fuzz::require_whole(a);
  fuzz::require(a.bytes.size() <= size, "no more values than the file has bytes");
  fuzz::require(data::parse_npy(data::encode_npy(a), "again") == a, "what was read and written is read again");
  return 0;
}
