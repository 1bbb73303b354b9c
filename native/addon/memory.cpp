#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "arguments.h"

namespace mpin::addon {

bool lock_pages(const void* data, size_t size) {
  const long page = sysconf(_SC_PAGESIZE);
  if (page <= 0) return false;
  // POSIX leaves it open whether an address inside a page will do.
  const auto offset = reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(page);
  void* start = const_cast<uint8_t*>(static_cast<const uint8_t*>(data)) - offset;
#ifdef MADV_DONTDUMP
  // No promise of ours: what matters where cores are written is their limit, and coredump_filter.
  (void)madvise(start, size + offset, MADV_DONTDUMP);
#endif
  return mlock(start, size + offset) == 0;
}

Napi::Value lock_memory(const Napi::CallbackInfo& info) {
  Arguments args(info);
  size_t size = 0;
  const uint8_t* bytes = args.any_bytes("bytes", &size);
  if (args.failed()) return args.undefined();
  return Napi::Boolean::New(info.Env(), lock_pages(bytes, size));
}

}  // namespace mpin::addon
