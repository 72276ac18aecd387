#include "access_hooks.hpp"

#include <map>
#include <vector>

namespace accesses {

namespace {

struct word_marks {
  std::uint32_t launch_read = 0, launch_written = 0, tick_read = 0, tick_written = 0; ///< when last
};
struct range {
  std::uintptr_t end;
  std::vector<word_marks> words;
};

std::map<std::uintptr_t, range> ranges; // by their first bytes
totals sums;
std::uint32_t launch = 1, tick = 1;
bool on = false;

constexpr std::uintptr_t word = 4;

void touch(word_marks& w, bool write) {
  const auto mark = [write](std::uint32_t& read, std::uint32_t& written, std::uint32_t now, std::int64_t& sum) {
    if (write ? written == now : read == now || written == now) return;
    (write ? written : read) = now;
    sum += std::int64_t(word);
  };
  mark(w.launch_read, w.launch_written, launch, sums.moved);
  mark(w.tick_read, w.tick_written, tick, sums.fewest);
}

} // namespace

void forget() {
  ranges.clear();
  sums = {};
}

void watch(const void* memory, std::size_t bytes) {
  if (bytes == 0) return;
  const auto first = reinterpret_cast<std::uintptr_t>(memory), end = first + bytes;
  // Memory that was given back and taken again: the old ranges are gone.
  for (auto r = ranges.begin(); r != ranges.end();)
    r = r->first < end && r->second.end > first ? ranges.erase(r) : std::next(r);
  ranges[first] = {end, std::vector<word_marks>(bytes / word + 1)};
}

void begin_launch() { on = true; }
void end_launch(bool ends_tick) {
  on = false;
  ++launch;
  if (ends_tick) ++tick;
}
totals counted() { return sums; }

static void access(const void* at, std::size_t bytes, bool write) {
  if (!on) return;
  const auto first = reinterpret_cast<std::uintptr_t>(at);
  auto r = ranges.upper_bound(first);
  if (r == ranges.begin() || (--r)->second.end <= first) return; // the stack, or constants
  sums.accessed += std::int64_t(bytes);
  for (std::uintptr_t k = (first - r->first) / word; k <= (first + bytes - 1 - r->first) / word; ++k)
    touch(r->second.words[k], write);
}

} // namespace accesses

// What compiled code calls. The names are the compiler's.
#define ADVX_HOOK(size)                                                                                                \
  void __tsan_read##size(void* at) { accesses::access(at, size, false); }                                              \
  void __tsan_write##size(void* at) { accesses::access(at, size, true); }                                              \
  void __tsan_unaligned_read##size(void* at) { accesses::access(at, size, false); }                                    \
  void __tsan_unaligned_write##size(void* at) { accesses::access(at, size, true); }                                    \
  void __tsan_volatile_read##size(void* at) { accesses::access(at, size, false); }                                     \
  void __tsan_volatile_write##size(void* at) { accesses::access(at, size, true); }
extern "C" {
ADVX_HOOK(1)
ADVX_HOOK(2)
ADVX_HOOK(4)
ADVX_HOOK(8)
ADVX_HOOK(16)
void __tsan_read_range(void* at, std::size_t n) { accesses::access(at, n, false); }
void __tsan_write_range(void* at, std::size_t n) { accesses::access(at, n, true); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
unsigned char __tsan_atomic8_load(const volatile unsigned char* at, int) {
  return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}
void __tsan_atomic8_store(volatile unsigned char* at, unsigned char v, int) {
  __atomic_store_n(at, v, __ATOMIC_SEQ_CST);
}
}
#undef ADVX_HOOK
