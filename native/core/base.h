// What every file of the core may assume, and the few macros it uses.
#ifndef MPIN_CORE_BASE_H_
#define MPIN_CORE_BASE_H_

#include <climits>
#include <cstddef>
#include <cstdint>

#ifdef MPIN_VERIFY
#include <cstdio>
#include <cstdlib>
#endif

// A kernel is compiled for one instruction set. A shared inline function that the compiler leaves
// out of line would be merged by the linker with the copies of other kernels, and an old CPU could
// meet an instruction it does not have. So helpers outside templates are always inlined; templates
// are kept apart by the kernel's field type among their parameters.
//
// With sanitizers it is left to the compiler: inlined code of this size, each operation checked,
// takes it minutes and gigabytes, and such a build does not travel.
#ifdef MPIN_SANITIZED
#define MPIN_ALWAYS_INLINE inline
#else
#define MPIN_ALWAYS_INLINE inline __attribute__((always_inline))
#endif
#define MPIN_INLINE static MPIN_ALWAYS_INLINE
// The same inside a class, where static has another meaning.
#define MPIN_MEMBER_INLINE static MPIN_ALWAYS_INLINE
#define MPIN_NOINLINE __attribute__((noinline))

// MPIN_CHECK states a bound. It is checked only when built with MPIN_VERIFY: never put what a
// client can send into it.
#ifdef MPIN_VERIFY
#define MPIN_CHECK(condition)                                              \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (0)
#else
#define MPIN_CHECK(condition) \
  do {                        \
  } while (0)
#endif

namespace mpin {

__extension__ typedef unsigned __int128 uint128_t;
__extension__ typedef __int128 int128_t;

static_assert(CHAR_BIT == 8 && sizeof(int) == 4 && sizeof(size_t) == 8);
static_assert(sizeof(uint128_t) == 16);
static_assert(-1 == ~0 && (-1 >> 1) == -1, "two's complement, arithmetic shift");

}  // namespace mpin

#endif  // MPIN_CORE_BASE_H_
