// The reader of .npz files: it refuses by file_error, or gives arrays whose sizes agree and whose sum is under the
// limit, and which go round through the writer.
#include <advx/data/npz.hpp>

#include "support.hpp"

using namespace advx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  data::npz all;
  try {
    all = data::parse_npz(fuzz::bytes_of(data, size), "fuzz", fuzz::limit_for(size));
  } catch (const file_error&) {
    return 0;
  }
  std::size_t sum = 0;
  for (const auto& [name, a] : all.arrays) {
    fuzz::require_whole(a);
    fuzz::require(all.find(name) == &a, "names are there once");
    sum += a.bytes.size();
  }
  fuzz::require(sum <= fuzz::limit_for(size), "no more than the limit");
  std::vector<std::byte> written;
  try {
    written = data::encode_npz(all);
  } catch (const argument_error&) {
    return 0; // a name that the writer refuses
  }
  fuzz::require(data::parse_npz(written, "again").arrays == all.arrays, "what was read and written is read again");
  return 0;
}
