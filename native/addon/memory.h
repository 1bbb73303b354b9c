// Keeping secrets in memory: what the operating system can be asked for.
#ifndef MPIN_ADDON_MEMORY_H_
#define MPIN_ADDON_MEMORY_H_

#include <napi.h>

#include <cstddef>

namespace mpin::addon {

// lock_pages: asks that the pages under these bytes are written neither to swap nor, on Linux, to a
// core dump; false where the system or its limit (RLIMIT_MEMLOCK) allows no lock. Nothing unlocks
// them: locks are not counted, and other secrets may lie on the same page. It ends with the
// mapping.
bool lock_pages(const void* data, size_t size);

// lockMemory(bytes) -> whether their pages are locked now.
Napi::Value lock_memory(const Napi::CallbackInfo& info);

}  // namespace mpin::addon

#endif  // MPIN_ADDON_MEMORY_H_
