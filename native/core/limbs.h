// Little-endian arrays of 64-bit words: carries, comparison, bytes. No field knowledge.
#ifndef MPIN_CORE_LIMBS_H_
#define MPIN_CORE_LIMBS_H_

#include "base.h"
#include "secret.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace mpin {

// addc: a + b + carry; carry in and out are 0 or 1. The intrinsics need no more than the baseline
// instruction set, and unlike 128-bit sums they let the compiler keep the carry in the flag.
MPIN_INLINE uint64_t addc(uint64_t a, uint64_t b, unsigned char* carry) {
#if defined(__x86_64__)
  unsigned long long sum;
  *carry = _addcarry_u64(*carry, a, b, &sum);
  return sum;
#else
  const uint128_t sum = static_cast<uint128_t>(a) + b + *carry;
  *carry = static_cast<unsigned char>(sum >> 64);
  return static_cast<uint64_t>(sum);
#endif
}

// subb: a - b - borrow.
MPIN_INLINE uint64_t subb(uint64_t a, uint64_t b, unsigned char* borrow) {
#if defined(__x86_64__)
  unsigned long long difference;
  *borrow = _subborrow_u64(*borrow, a, b, &difference);
  return difference;
#else
  const uint128_t difference = static_cast<uint128_t>(a) - b - *borrow;
  *borrow = static_cast<unsigned char>((difference >> 64) & 1);
  return static_cast<uint64_t>(difference);
#endif
}

// limbs_add, limbs_sub: r = a ± b over n words, the carry or borrow is returned. r may alias.
template <int n>
MPIN_INLINE unsigned char limbs_add(uint64_t* r, const uint64_t* a, const uint64_t* b) {
  unsigned char carry = 0;
#pragma GCC unroll 8
  for (int i = 0; i < n; i++)
    r[i] = addc(a[i], b[i], &carry);
  return carry;
}

template <int n>
MPIN_INLINE unsigned char limbs_sub(uint64_t* r, const uint64_t* a, const uint64_t* b) {
  unsigned char borrow = 0;
#pragma GCC unroll 8
  for (int i = 0; i < n; i++)
    r[i] = subb(a[i], b[i], &borrow);
  return borrow;
}

// limbs_less: 1 when a < b, else 0.
template <int n>
MPIN_INLINE uint64_t limbs_less(const uint64_t* a, const uint64_t* b) {
  unsigned char borrow = 0;
#pragma GCC unroll 8
  for (int i = 0; i < n; i++)
    (void)subb(a[i], b[i], &borrow);
  return borrow;
}

template <int n>
MPIN_INLINE uint64_t limbs_is_zero_mask(const uint64_t* a) {
  uint64_t any = 0;
#pragma GCC unroll 8
  for (int i = 0; i < n; i++)
    any |= a[i];
  return mask_is_zero(any);
}

// limbs_from_bytes, limbs_to_bytes: 32 bytes, big-endian.
MPIN_INLINE void limbs_from_bytes(uint64_t r[4], const uint8_t in[32]) {
  for (int i = 0; i < 4; i++) {
    uint64_t word = 0;
    for (int j = 0; j < 8; j++)
      word = word << 8 | in[8 * (3 - i) + j];
    r[i] = word;
  }
}

MPIN_INLINE void limbs_to_bytes(uint8_t out[32], const uint64_t a[4]) {
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 8; j++)
      out[8 * (3 - i) + j] = static_cast<uint8_t>(a[i] >> (8 * (7 - j)));
}

}  // namespace mpin

#endif  // MPIN_CORE_LIMBS_H_
