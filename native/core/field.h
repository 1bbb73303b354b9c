// A prime field of four 64-bit words in Montgomery form, R = 2^256: Fp and Fr of the scalar
// kernels.
//
// FieldT<M, Engine> is one model of the concept "base field" that the tower, the groups, the
// pairing and the protocol are written over. Another model may hold eight elements side by side. A
// model F has static members, output first, every output may alias every input unless stated:
//   add sub neg dbl mul sqr select is_zero equal set_zero set_one set_constant   on F
//   add_lazy                                 a + b not reduced, good as input of mul_wide only
//   mul_wide sqr_wide                        F x F -> F::Wide, output must not alias
//   wide_add wide_sub                        on F::Wide
//   wide_add_lazy wide_sub_lazy              the same where the bound is known to hold
//   redc                                     F::Wide -> F
// F::Mask is what is_zero and equal return and select takes; masks combine with & | ~.
// F::mask_all(bit) makes one from a (secret) bit.
// Here F is always in [0, m) and Wide in [0, m·2^256): the wide operations work modulo m·2^256,
// so nothing has to be counted over a chain of them (Aranha et al., eprint 2010/526, section 5).
// Everything is constant-time unless its name ends in _vartime.
#ifndef MPIN_CORE_FIELD_H_
#define MPIN_CORE_FIELD_H_

#include "limbs.h"
#include "params.h"

namespace mpin {

template <class M, class E>
struct FieldT {
  uint64_t l[4];

  struct Wide {
    uint64_t l[8];
  };
  using Mask = uint64_t;
  using Modulus = M;
  using Engine = E;

  static_assert(M::kModulus[3] < uint64_t{1} << 62, "two spare bits");

  MPIN_MEMBER_INLINE bool in_range(const FieldT& a) { return limbs_less<4>(a.l, M::kModulus) != 0; }
  MPIN_MEMBER_INLINE bool in_range(const Wide& a) {
    return limbs_less<4>(a.l + 4, M::kModulus) != 0;
  }

  // --- Constants and selection ------------------------------------------------------------------

  MPIN_MEMBER_INLINE void set_zero(FieldT& r) { r = FieldT{{0, 0, 0, 0}}; }
  MPIN_MEMBER_INLINE void set_one(FieldT& r) {
    r = FieldT{{M::kR[0], M::kR[1], M::kR[2], M::kR[3]}};
  }
  MPIN_MEMBER_INLINE void set_constant(FieldT& r, const params::FpConstant& c) {
    r = FieldT{{c.r256[0], c.r256[1], c.r256[2], c.r256[3]}};
  }
  MPIN_MEMBER_INLINE Mask mask_all(uint64_t bit) { return mask_from_bit(bit); }

  // select: r = mask ? a : b.
  MPIN_MEMBER_INLINE void select(FieldT& r, Mask mask, const FieldT& a, const FieldT& b) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r.l[i] = mpin::select(mask, a.l[i], b.l[i]);
  }
  MPIN_MEMBER_INLINE Mask is_zero(const FieldT& a) { return limbs_is_zero_mask<4>(a.l); }
  MPIN_MEMBER_INLINE Mask equal(const FieldT& a, const FieldT& b) {
    return mask_is_zero((a.l[0] ^ b.l[0]) | (a.l[1] ^ b.l[1]) | (a.l[2] ^ b.l[2]) |
                        (a.l[3] ^ b.l[3]));
  }

  // --- Sums -------------------------------------------------------------------------------------

  // reduce_once: r = a mod m.  In: a < 2m.  Out: [0, m).
  MPIN_MEMBER_INLINE void reduce_once(uint64_t r[4], const uint64_t a[4]) {
    uint64_t d[4];
    const uint64_t below = mask_from_bit(limbs_sub<4>(d, a, M::kModulus));
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r[i] = mpin::select(below, a[i], d[i]);
  }

  // add_if: r += mask & m, without a carry out of the top word.
  MPIN_MEMBER_INLINE void add_if(uint64_t r[4], uint64_t mask) {
    unsigned char carry = 0;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r[i] = addc(r[i], M::kModulus[i] & mask, &carry);
  }

  MPIN_MEMBER_INLINE void add_lazy(FieldT& r, const FieldT& a, const FieldT& b) {
    limbs_add<4>(r.l, a.l, b.l);
  }
  MPIN_MEMBER_INLINE void add(FieldT& r, const FieldT& a, const FieldT& b) {
    MPIN_CHECK(in_range(a) && in_range(b));
    uint64_t t[4];
    limbs_add<4>(t, a.l, b.l);
    reduce_once(r.l, t);
  }
  MPIN_MEMBER_INLINE void dbl(FieldT& r, const FieldT& a) { add(r, a, a); }
  MPIN_MEMBER_INLINE void sub(FieldT& r, const FieldT& a, const FieldT& b) {
    MPIN_CHECK(in_range(a) && in_range(b));
    uint64_t t[4];
    const uint64_t borrow = mask_from_bit(limbs_sub<4>(t, a.l, b.l));
    add_if(t, borrow);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r.l[i] = t[i];
  }
  // neg: 0 - a, so that zero stays zero.
  MPIN_MEMBER_INLINE void neg(FieldT& r, const FieldT& a) {
    FieldT zero;
    set_zero(zero);
    sub(r, zero, a);
  }

  // --- Products ---------------------------------------------------------------------------------

  // mul_wide: In: a·b < m·2^256, met by sums of two elements each: 4m² < m·2^256.
  MPIN_MEMBER_INLINE void mul_wide(Wide& r, const FieldT& a, const FieldT& b) {
    Engine::mul_wide(r.l, a.l, b.l);
    MPIN_CHECK(in_range(r));
  }
  MPIN_MEMBER_INLINE void sqr_wide(Wide& r, const FieldT& a) {
    Engine::sqr_wide(r.l, a.l);
    MPIN_CHECK(in_range(r));
  }
  MPIN_MEMBER_INLINE void redc(FieldT& r, const Wide& a) {
    MPIN_CHECK(in_range(a));
    uint64_t t[4];
    Engine::template redc<M>(t, a.l);
    reduce_once(r.l, t);
    MPIN_CHECK(in_range(r));
  }
  // mul: In: a·b < m·2^256 and b < 2m.
  // Out of line, like sqr: within larger functions a compiler finds no registers for it.
  MPIN_NOINLINE static void mul(FieldT& r, const FieldT& a, const FieldT& b) {
    uint64_t t[4];
    Engine::template mul<M>(t, a.l, b.l);
    reduce_once(r.l, t);
    MPIN_CHECK(in_range(r));
  }
  MPIN_NOINLINE static void sqr(FieldT& r, const FieldT& a) {
    Wide t;
    sqr_wide(t, a);
    redc(r, t);
  }

  // wide_add: modulo m·2^256. The low words cannot be touched by the correction.
  MPIN_MEMBER_INLINE void wide_add(Wide& r, const Wide& a, const Wide& b) {
    MPIN_CHECK(in_range(a) && in_range(b));
    uint64_t t[8];
    limbs_add<8>(t, a.l, b.l);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r.l[i] = t[i];
    reduce_once(r.l + 4, t + 4);
  }
  MPIN_MEMBER_INLINE void wide_sub(Wide& r, const Wide& a, const Wide& b) {
    MPIN_CHECK(in_range(a) && in_range(b));
    const uint64_t borrow = mask_from_bit(limbs_sub<8>(r.l, a.l, b.l));
    add_if(r.l + 4, borrow);
  }
  // wide_add_lazy: In: a + b < m·2^256.
  MPIN_MEMBER_INLINE void wide_add_lazy(Wide& r, const Wide& a, const Wide& b) {
    limbs_add<8>(r.l, a.l, b.l);
    MPIN_CHECK(in_range(r));
  }
  // wide_sub_lazy: In: a >= b.
  MPIN_MEMBER_INLINE void wide_sub_lazy(Wide& r, const Wide& a, const Wide& b) {
    const unsigned char borrow = limbs_sub<8>(r.l, a.l, b.l);
    MPIN_CHECK(borrow == 0 && in_range(r));
    (void)borrow;
  }

  // --- Integers and bytes -----------------------------------------------------------------------

  // from_integer: r = a mod m for any a < 2^256: a·R² < m·2^256.
  MPIN_MEMBER_INLINE void from_integer(FieldT& r, const uint64_t a[4]) {
    const FieldT any = {{a[0], a[1], a[2], a[3]}};
    const FieldT r2 = {{M::kR2[0], M::kR2[1], M::kR2[2], M::kR2[3]}};
    mul(r, any, r2);
  }
  MPIN_MEMBER_INLINE void to_integer(uint64_t r[4], const FieldT& a) {
    const Wide wide = {{a.l[0], a.l[1], a.l[2], a.l[3], 0, 0, 0, 0}};
    FieldT t;
    redc(t, wide);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      r[i] = t.l[i];
  }
  // from_bytes: the mask tells whether the 32 bytes are a number below m.
  static Mask from_bytes(FieldT& r, const uint8_t in[32]) {
    uint64_t a[4];
    limbs_from_bytes(a, in);
    from_integer(r, a);
    return mask_from_bit(limbs_less<4>(a, M::kModulus));
  }
  // from_bytes_reduced: the number mod m.
  static void from_bytes_reduced(FieldT& r, const uint8_t in[32]) {
    uint64_t a[4];
    limbs_from_bytes(a, in);
    from_integer(r, a);
  }
  static void to_bytes(uint8_t out[32], const FieldT& a) {
    uint64_t t[4];
    to_integer(t, a);
    limbs_to_bytes(out, t);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_FIELD_H_
