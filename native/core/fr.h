// Fr, the integers modulo the group order r: what the protocol needs of it. Constant-time.
// Scalars enter the groups as integers of four words, so these functions speak integers. F is the
// base field of a kernel: Fr multiplies by the same engine and belongs to that kernel alone.
#ifndef MPIN_CORE_FR_H_
#define MPIN_CORE_FR_H_

#include "field.h"

namespace mpin {

template <class F>
using FrT = FieldT<params::ModulusR, typename F::Engine>;

// fr_from_bytes: the mask tells whether the 32 bytes are a number in [1, r).
MPIN_INLINE uint64_t fr_from_bytes(uint64_t k[4], const uint8_t in[32]) {
  limbs_from_bytes(k, in);
  return mask_from_bit(limbs_less<4>(k, params::ModulusR::kModulus)) & ~limbs_is_zero_mask<4>(k);
}

// fr_from_bytes_reduced: the 32 bytes mod r.
template <class F>
MPIN_INLINE void fr_from_bytes_reduced(uint64_t k[4], const uint8_t in[32]) {
  FrT<F> a;
  FrT<F>::from_bytes_reduced(a, in);
  FrT<F>::to_integer(k, a);
}

// fr_from_wide_bytes: 64 bytes, high·2^256 + low, mod r: within 2^-258 of uniform.
template <class F>
MPIN_INLINE void fr_from_wide_bytes(uint64_t k[4], const uint8_t in[64]) {
  using Fr = FrT<F>;
  Fr high, low;
  const Fr r2 = {{params::ModulusR::kR2[0], params::ModulusR::kR2[1], params::ModulusR::kR2[2],
                  params::ModulusR::kR2[3]}};
  Fr::from_bytes_reduced(high, in);
  Fr::from_bytes_reduced(low, in + 32);
  Fr::mul(high, high, r2);  // Times 2^256.
  Fr::add(high, high, low);
  Fr::to_integer(k, high);
}

// fr_add: (a + b) mod r for a, b < r.
template <class F>
MPIN_INLINE void fr_add(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  FrT<F> s = {{a[0], a[1], a[2], a[3]}};
  const FrT<F> t = {{b[0], b[1], b[2], b[3]}};
  FrT<F>::add(s, s, t);
  for (int i = 0; i < 4; i++)
    r[i] = s.l[i];
}

// fr_mul: a·b mod r for a, b < r.
template <class F>
MPIN_INLINE void fr_mul(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  FrT<F> s;
  const FrT<F> t = {{b[0], b[1], b[2], b[3]}};
  FrT<F>::from_integer(s, a);
  FrT<F>::mul(s, s, t);  // a·2^256·b/2^256
  for (int i = 0; i < 4; i++)
    r[i] = s.l[i];
}

// fr_from_signed: r = value mod r, in the form of the field.
template <class F>
MPIN_INLINE void fr_from_signed(FrT<F>& r, int128_t value) {
  const uint128_t size = static_cast<uint128_t>(value < 0 ? -value : value);
  const uint64_t words[4] = {static_cast<uint64_t>(size), static_cast<uint64_t>(size >> 64), 0, 0};
  FrT<F>::from_integer(r, words);
  if (value < 0) FrT<F>::neg(r, r);
}

// fr_eisenstein: a + b·lambda mod r for |a|, |b| < 2^127. Variable time in the signs.
template <class F>
MPIN_INLINE void fr_eisenstein(uint64_t r[4], int128_t a, int128_t b) {
  FrT<F> sum, t, lambda;
  fr_from_signed<F>(sum, a);
  fr_from_signed<F>(t, b);
  FrT<F>::from_integer(lambda, params::kLambda);
  FrT<F>::mul(t, t, lambda);
  FrT<F>::add(sum, sum, t);
  FrT<F>::to_integer(r, sum);
}

}  // namespace mpin

#endif  // MPIN_CORE_FR_H_
