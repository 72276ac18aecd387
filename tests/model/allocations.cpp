// Counts the calls of operator new of this program. Alone, so that no compiler sees both ends of an allocation.
#include <atomic>
#include <cstdlib>
#include <new>

namespace support {
long allocations();
}

namespace {
std::atomic<long> news{0};
}
long support::allocations() { return news; }
void* operator new(std::size_t n) {
  ++news;
  if (void* p = std::malloc(n == 0 ? 1 : n)) return p;
  throw std::bad_alloc();
}
// Some of the standard library asks for memory this way, and gives it back the usual way.
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  ++news;
  return std::malloc(n == 0 ? 1 : n);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
