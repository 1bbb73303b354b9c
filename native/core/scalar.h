// Scalars as integers: the digits that scalar multiplications walk over, and the splitting for the
// endomorphism of G1 (Gallant, Lambert, Vanstone, CRYPTO 2001). Scalar code for every kernel: the
// scalar is one for all lanes. Constant-time unless the name says otherwise.
#ifndef MPIN_CORE_SCALAR_H_
#define MPIN_CORE_SCALAR_H_

#include "limbs.h"
#include "params.h"

namespace mpin {

// A signed half of a scalar: magnitude below 2^127, negative is a mask.
struct HalfScalar {
  uint64_t magnitude[2];
  uint64_t negative;
};

MPIN_INLINE uint128_t u128(const uint64_t a[2]) {
  return static_cast<uint128_t>(a[1]) << 64 | a[0];
}

// glv_quotient: the low 128 bits of k·g >> 256, for k of four words and g of three.
MPIN_INLINE uint128_t glv_quotient(const uint64_t k[4], const uint64_t g[3]) {
  uint64_t t[7] = {0, 0, 0, 0, 0, 0, 0};
  for (int i = 0; i < 3; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) {
      const uint128_t s = static_cast<uint128_t>(g[i]) * k[j] + t[i + j] + carry;
      t[i + j] = static_cast<uint64_t>(s);
      carry = static_cast<uint64_t>(s >> 64);
    }
    t[i + 4] = carry;
  }
  return static_cast<uint128_t>(t[5]) << 64 | t[4];
}

MPIN_INLINE void half_from_signed(HalfScalar* r, uint128_t a) {
  r->negative = mask_from_bit(static_cast<uint64_t>(a >> 127));
  const uint128_t mask = static_cast<uint128_t>(r->negative) << 64 | r->negative;
  const uint128_t magnitude = (a ^ mask) - mask;
  r->magnitude[0] = static_cast<uint64_t>(magnitude);
  r->magnitude[1] = static_cast<uint64_t>(magnitude >> 64);
  MPIN_CHECK(r->magnitude[1] >> 63 == 0);
}

// glv_split: k = k1 + k2·lambda mod r.
// In:  k < r.   Out: magnitudes below 2^127 (asserted by the generator of params.h).
// Inside: modulo 2^128, enough because the results are shorter than that.
MPIN_INLINE void glv_split(HalfScalar* k1, HalfScalar* k2, const uint64_t k[4]) {
  MPIN_CHECK(limbs_less<4>(k, params::ModulusR::kModulus));
  uint128_t c1 = glv_quotient(k, params::kGlvG1);
  uint128_t c2 = glv_quotient(k, params::kGlvG2);
  if (params::kGlvC1Negative) c1 = 0 - c1;
  if (params::kGlvC2Negative) c2 = 0 - c2;
  half_from_signed(k1, u128(k) - c1 * u128(params::kGlvA1) - c2 * u128(params::kGlvA2));
  half_from_signed(k2, 0 - c1 * u128(params::kGlvB1) - c2 * u128(params::kGlvB2));
}

// windows4: n digits in [-7, 8], k = Σ digit[i]·16^i.
// In: k < 2^(4n-1), so that the last digit takes the last carry.
MPIN_INLINE void windows4(int8_t* digits, const uint64_t* k, int n) {
  uint64_t carry = 0;
  for (int i = 0; i < n; i++) {
    const uint64_t digit = (k[i >> 4] >> (4 * (i & 15)) & 15) + carry;
    carry = (digit + 7) >> 4;  // digit > 8
    digits[i] = static_cast<int8_t>(static_cast<int64_t>(digit) - static_cast<int64_t>(carry << 4));
  }
  MPIN_CHECK(carry == 0);
}

// naf_vartime: the digits of the width-w non-adjacent form, odd and below 2^(w-1) in size or zero;
// their number is returned. In: k < 2^127; digits has room for 128.
MPIN_INLINE int naf_vartime(int8_t digits[128], const uint64_t k[2], int width) {
  uint128_t a = u128(k);
  int n = 0;
  while (a != 0) {
    int digit = 0;
    if (a & 1) {
      digit = static_cast<int>(a & ((1u << width) - 1));
      if (digit >= 1 << (width - 1)) digit -= 1 << width;
      a = digit < 0 ? a + static_cast<unsigned>(-digit) : a - static_cast<unsigned>(digit);
    }
    digits[n++] = static_cast<int8_t>(digit);
    a >>= 1;
  }
  return n;
}

}  // namespace mpin

#endif  // MPIN_CORE_SCALAR_H_
