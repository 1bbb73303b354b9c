#include "random.h"

#include <unistd.h>

#include <cerrno>

#if defined(__linux__)
#include <sys/random.h>
#endif

namespace mpin {

bool os_random(uint8_t* out, size_t len) {
  while (len > 0) {
    const size_t chunk = len < 256 ? len : 256;  // getentropy gives 256 bytes at most.
#if defined(__linux__)
    const ssize_t got = getrandom(out, chunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    const size_t done = static_cast<size_t>(got);
#else
    if (getentropy(out, chunk) != 0) return false;
    const size_t done = chunk;
#endif
    out += done;
    len -= done;
  }
  return true;
}

}  // namespace mpin
