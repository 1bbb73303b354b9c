// Tools for values that must not leak: masks the compiler cannot see through, and wiping.
#ifndef MPIN_CORE_SECRET_H_
#define MPIN_CORE_SECRET_H_

#include <cstring>

#include "base.h"

#ifdef MPIN_CT_CHECK
#include <valgrind/memcheck.h>
#endif

namespace mpin {

// value_barrier: the same value, of which the compiler knows nothing any more. Without it a
// compiler may see that a mask has two values only and turn a select into a branch.
MPIN_INLINE uint64_t value_barrier(uint64_t a) {
  __asm__("" : "+r"(a));
  return a;
}

// mask_from_bit: 0 -> 0, 1 -> all ones.
MPIN_INLINE uint64_t mask_from_bit(uint64_t bit) {
  MPIN_CHECK(bit <= 1);
  return value_barrier(0 - bit);
}

// mask_is_zero: all ones when a is zero. The top bit of ~a & (a - 1) is set for zero only.
MPIN_INLINE uint64_t mask_is_zero(uint64_t a) {
  return mask_from_bit((~a & (a - 1)) >> 63);
}

MPIN_INLINE uint64_t mask_eq(uint64_t a, uint64_t b) {
  return mask_is_zero(a ^ b);
}

// select: mask ? a : b.
MPIN_INLINE uint64_t select(uint64_t mask, uint64_t a, uint64_t b) {
  return b ^ (mask & (a ^ b));
}

// declassify: a mask that may show, as a condition to branch on: whether an input is acceptable. In
// the constant-time check, where secrets are undefined memory for valgrind, only this makes a value
// defined again, so any other branch or address that depends on a secret is reported.
MPIN_INLINE bool declassify(uint64_t mask) {
#ifdef MPIN_CT_CHECK
  VALGRIND_MAKE_MEM_DEFINED(&mask, sizeof mask);
#endif
  return mask != 0;
}

// secret_wipe: zeroes memory in a way that may not be optimised away: the barrier says that
// somebody may read it afterwards.
MPIN_INLINE void secret_wipe(void* data, size_t len) {
  std::memset(data, 0, len);
  __asm__ volatile("" : : "r"(data) : "memory");
}

// Secret: a value on the stack that is wiped when it goes out of scope.
template <class T>
struct Secret {
  T value;

  inline __attribute__((always_inline)) Secret() {}
  inline __attribute__((always_inline)) ~Secret() { secret_wipe(&value, sizeof value); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  inline __attribute__((always_inline)) T& operator*() { return value; }
  inline __attribute__((always_inline)) T* operator->() { return &value; }
};

}  // namespace mpin

#endif  // MPIN_CORE_SECRET_H_
