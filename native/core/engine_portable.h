// The multiplications of a four-word prime field in portable C++ with 128-bit products. An engine
// is all that differs between the scalar kernels: FieldT in field.h does the rest.
#ifndef MPIN_CORE_ENGINE_PORTABLE_H_
#define MPIN_CORE_ENGINE_PORTABLE_H_

#include "limbs.h"

namespace mpin {

struct PortableEngine {
  // multiply_add: low word of a·b + c + *carry; *carry becomes the high word. Cannot overflow:
  // (2^64-1)² + 2(2^64-1) = 2^128 - 1.
  MPIN_MEMBER_INLINE uint64_t multiply_add(uint64_t a, uint64_t b, uint64_t c, uint64_t* carry) {
    const uint128_t t = static_cast<uint128_t>(a) * b + c + *carry;
    *carry = static_cast<uint64_t>(t >> 64);
    return static_cast<uint64_t>(t);
  }

  // mul_wide: r = a·b, all 8 words. In: any. r must not alias a or b.
  MPIN_MEMBER_INLINE void mul_wide(uint64_t r[8], const uint64_t a[4], const uint64_t b[4]) {
    uint64_t t[8];
    uint64_t carry = 0;
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      t[j] = multiply_add(a[0], b[j], 0, &carry);
    t[4] = carry;
#pragma GCC unroll 4
    for (int i = 1; i < 4; i++) {
      carry = 0;
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++)
        t[i + j] = multiply_add(a[i], b[j], t[i + j], &carry);
      t[i + 4] = carry;
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
      r[i] = t[i];
  }

  // sqr_wide: r = a², six products doubled plus four squares. In: any. r must not alias a.
  MPIN_MEMBER_INLINE void sqr_wide(uint64_t r[8], const uint64_t a[4]) {
    uint64_t t[8];
    uint64_t carry = 0;
    t[1] = multiply_add(a[0], a[1], 0, &carry);
    t[2] = multiply_add(a[0], a[2], 0, &carry);
    t[3] = multiply_add(a[0], a[3], 0, &carry);
    t[4] = carry;
    carry = 0;
    t[3] = multiply_add(a[1], a[2], t[3], &carry);
    t[4] = multiply_add(a[1], a[3], t[4], &carry);
    t[5] = carry;
    carry = 0;
    t[5] = multiply_add(a[2], a[3], t[5], &carry);
    t[6] = carry;
    t[7] = t[6] >> 63;
    t[6] = t[6] << 1 | t[5] >> 63;
    t[5] = t[5] << 1 | t[4] >> 63;
    t[4] = t[4] << 1 | t[3] >> 63;
    t[3] = t[3] << 1 | t[2] >> 63;
    t[2] = t[2] << 1 | t[1] >> 63;
    t[1] = t[1] << 1;
    unsigned char c = 0;
    uint128_t s = static_cast<uint128_t>(a[0]) * a[0];
    r[0] = static_cast<uint64_t>(s);
    r[1] = addc(t[1], static_cast<uint64_t>(s >> 64), &c);
    s = static_cast<uint128_t>(a[1]) * a[1];
    r[2] = addc(t[2], static_cast<uint64_t>(s), &c);
    r[3] = addc(t[3], static_cast<uint64_t>(s >> 64), &c);
    s = static_cast<uint128_t>(a[2]) * a[2];
    r[4] = addc(t[4], static_cast<uint64_t>(s), &c);
    r[5] = addc(t[5], static_cast<uint64_t>(s >> 64), &c);
    s = static_cast<uint128_t>(a[3]) * a[3];
    r[6] = addc(t[6], static_cast<uint64_t>(s), &c);
    r[7] = addc(t[7], static_cast<uint64_t>(s >> 64), &c);
  }

  // redc: r = t / 2^256 mod m, not finally subtracted (Montgomery 1985).
  // In: t < 2^256·m.  Out: < 2m, which fits because 2m < 2^256.
  template <class M>
  MPIN_MEMBER_INLINE void redc(uint64_t r[4], const uint64_t t[8]) {
    uint64_t w[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
      w[i] = t[i];
    unsigned char top = 0;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const uint64_t q = w[i] * M::kMinusInverse;
      uint64_t carry = 0;
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++)
        w[i + j] = multiply_add(q, M::kModulus[j], w[i + j], &carry);
      w[i + 4] = addc(w[i + 4], carry, &top);
    }
    MPIN_CHECK(top == 0);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r[i] = w[i + 4];
  }

  // mul: r = a·b / 2^256 mod m, rows of the product and of the reduction in turn (CIOS, Koç, Acar,
  // Kaliski 1996). m < 2^254 leaves the sum of a row below 2^320: no word above it is needed.
  // In: a·b < 2^256·m, b < 2^255.  Out: < 2m.
  template <class M>
  MPIN_MEMBER_INLINE void mul(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
    uint64_t t[5] = {0, 0, 0, 0, 0};
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      uint64_t carry = 0;
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++)
        t[j] = multiply_add(a[i], b[j], t[j], &carry);
      const uint64_t high = carry;
      const uint64_t q = t[0] * M::kMinusInverse;
      carry = 0;
      (void)multiply_add(q, M::kModulus[0], t[0], &carry);
#pragma GCC unroll 4
      for (int j = 1; j < 4; j++)
        t[j - 1] = multiply_add(q, M::kModulus[j], t[j], &carry);
      t[3] = high + carry;
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r[i] = t[i];
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_ENGINE_PORTABLE_H_
