// Eight elements of Fp side by side, one a lane, for CPUs with AVX-512 IFMA: five limbs of 52 bits
// in Montgomery form with R = 2^260 (Gueron, Krasnov, ARITH 2016). A model of the base field
// concept of core/field.h: tower and pairing are the same source as for one element.
//
// Bounds. Limbs are in [0, 2^52), so that they can be factors. R/p > 113 leaves room for values
// that are not fully reduced. "Tight" means below (2 + e)p for a small e; where no more is said
// inputs and outputs are tight. D is the top limb of 2p.
//   mul sqr redc of products of tight values: below p + ab/R, so less than 1.1p
//   add sub neg    compare the top limb only, so they may miss 2p by less than 2^210 < 2^-43·p
//   add_lazy       sum of two tight values, below (4 + 2e)p, a good factor
// e is at most 2^-43 after one of these, and add adds those of its inputs: only long chains of
// additions without a product could bring it to 1. With MPIN_VERIFY every element carries the worst
// bound that its operations allow, whatever its value, and each input is checked against it; the
// values themselves are checked against the bound too.
#ifndef MPIN_ARCH_FIELD_IFMA_H_
#define MPIN_ARCH_FIELD_IFMA_H_

#include "constants_ifma.h"
#include "mask_ifma.h"

namespace mpin {

#ifdef MPIN_VERIFY
#define MPIN_BOUND(statement) statement
#else
#define MPIN_BOUND(statement) \
  do {                        \
  } while (0)
#endif

struct alignas(64) FpX8 {
  using V = __m512i;
  using LaneWord = uint64_t __attribute__((may_alias));
  using Modulus = params::ModulusP;
  static constexpr int kLanes = 8;

  V l[5];
#ifdef MPIN_VERIFY
  double bound;  // Every lane is below bound·p whatever the inputs were.
#endif

  // A product or a sum of products: ten signed words of weight 2^52i, not carried. A product has
  // words below 2^56, so that a hundred of them can be added and subtracted word by word.
  struct alignas(64) Wide {
    V l[10];
#ifdef MPIN_VERIFY
    double low, high;  // Every lane is in [low·p², high·p²].
#endif
  };

  using Mask = ifma::Mask;

  // --- Words -----------------------------------------------------------------------------------

  MPIN_MEMBER_INLINE V word(uint64_t a) { return _mm512_set1_epi64(static_cast<long long>(a)); }
  MPIN_MEMBER_INLINE V lo(V sum, V a, V b) { return _mm512_madd52lo_epu64(sum, a, b); }
  MPIN_MEMBER_INLINE V hi(V sum, V a, V b) { return _mm512_madd52hi_epu64(sum, a, b); }
  MPIN_MEMBER_INLINE V plus(V a, V b) { return _mm512_add_epi64(a, b); }
  MPIN_MEMBER_INLINE V minus(V a, V b) { return _mm512_sub_epi64(a, b); }
  MPIN_MEMBER_INLINE V carry_of(V a) { return _mm512_srai_epi64(a, 52); }
  MPIN_MEMBER_INLINE V low_bits(V a) { return _mm512_and_si512(a, word(ifma::kLimbMask)); }

  // carry: r = the words t as limbs. In: signed words of a value in [0, 2^260).
  MPIN_MEMBER_INLINE void carry(FpX8& r, V t0, V t1, V t2, V t3, V t4) {
    t1 = plus(t1, carry_of(t0));
    r.l[0] = low_bits(t0);
    t2 = plus(t2, carry_of(t1));
    r.l[1] = low_bits(t1);
    t3 = plus(t3, carry_of(t2));
    r.l[2] = low_bits(t2);
    r.l[4] = plus(t4, carry_of(t3));
    r.l[3] = low_bits(t3);
  }

  // --- Bounds, checked with MPIN_VERIFY --------------------------------------------------------

  static constexpr double kSlack = 0x1p-43;      // In units of p: 2^210 < kSlack·p.
  static constexpr double kTight = 2 + 0x1p-30;  // What all but factors must be below.
  static constexpr double kFactor = 8;           // What factors must be below.
  static constexpr double kROverP = 113;         // Less than R/p.

#ifdef MPIN_VERIFY
  MPIN_MEMBER_INLINE double max(double a, double b) { return a < b ? b : a; }
  // set_bound: states the bound, and checks the values against it.
  static void set_bound(FpX8& r, double bound) {
    r.bound = bound;
    for (int lane = 0; lane < kLanes; lane++) {
      double value = 0;
      for (int i = 4; i >= 0; i--) {
        const uint64_t limb = reinterpret_cast<const LaneWord*>(&r.l[i])[lane];
        MPIN_CHECK(limb <= ifma::kLimbMask);
        value = value * 0x1p52 + static_cast<double>(limb);
      }
      MPIN_CHECK(value <= bound * 0x1.2p253 * (1 + 0x1p-33));  // p is 1.125·2^253 and a little.
    }
  }
  static void set_bounds(Wide& r, double low, double high) {
    r.low = low;
    r.high = high;
  }
#endif

  // --- Constants and selection -----------------------------------------------------------------

  MPIN_MEMBER_INLINE void broadcast(FpX8& r, const uint64_t limbs[5]) {
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      r.l[i] = word(limbs[i]);
    MPIN_BOUND(set_bound(r, 1));
  }
  MPIN_MEMBER_INLINE void set_zero(FpX8& r) {
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      r.l[i] = _mm512_setzero_si512();
    MPIN_BOUND(set_bound(r, 0));
  }
  MPIN_MEMBER_INLINE void set_one(FpX8& r) { broadcast(r, ifma::kOne.l); }
  MPIN_MEMBER_INLINE void set_constant(FpX8& r, const params::FpConstant& c) {
    broadcast(r, c.r260);
  }
  MPIN_MEMBER_INLINE Mask mask_all(uint64_t bit) { return Mask::make(bit ? 0xff : 0); }

  // select: r = mask ? a : b in each lane.
  MPIN_MEMBER_INLINE void select(FpX8& r, Mask mask, const FpX8& a, const FpX8& b) {
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      r.l[i] = _mm512_mask_mov_epi64(b.l[i], mask.bits, a.l[i]);
    MPIN_BOUND(r.bound = max(a.bound, b.bound));
  }
  // is_zero: a tight multiple of p is 0, p or 2p.
  MPIN_MEMBER_INLINE Mask is_zero(const FpX8& a) {
    MPIN_CHECK(a.bound <= kTight);
    __mmask8 zero = 0xff, one = 0xff, two = 0xff;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      zero = _mm512_mask_testn_epi64_mask(zero, a.l[i], a.l[i]);
      one = _mm512_mask_cmpeq_epi64_mask(one, a.l[i], word(ifma::kP.l[i]));
      two = _mm512_mask_cmpeq_epi64_mask(two, a.l[i], word(ifma::k2P.l[i]));
    }
    return Mask::make(zero | one | two);
  }
  MPIN_MEMBER_INLINE Mask equal(const FpX8& a, const FpX8& b) {
    FpX8 t;
    sub(t, a, b);
    return is_zero(t);
  }

  // --- Sums ------------------------------------------------------------------------------------

  // add_lazy: the plain sum, with limbs carried.
  MPIN_MEMBER_INLINE void add_lazy(FpX8& r, const FpX8& a, const FpX8& b) {
    MPIN_BOUND(const double bound = a.bound + b.bound);
    carry(r, plus(a.l[0], b.l[0]), plus(a.l[1], b.l[1]), plus(a.l[2], b.l[2]), plus(a.l[3], b.l[3]),
          plus(a.l[4], b.l[4]));
    MPIN_BOUND(set_bound(r, bound));
  }

  // add: subtracts 2p when the top word of the sum is above D, when the sum is above 2p for sure.
  // Else the sum is below (D + 2)·2^208 and so below 2p + 2^210, the lower words being below 2^53.
  MPIN_MEMBER_INLINE void add(FpX8& r, const FpX8& a, const FpX8& b) {
    MPIN_BOUND(const double bound = max(2 + kSlack, a.bound + b.bound - 2));
    MPIN_CHECK(bound <= kTight);
    V t[5];
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      t[i] = plus(a.l[i], b.l[i]);
    const __mmask8 over = _mm512_cmpgt_epi64_mask(t[4], word(ifma::k2P.l[4]));
    sub_2p_if(t, over);
    carry(r, t[0], t[1], t[2], t[3], t[4]);
    MPIN_BOUND(set_bound(r, bound));
  }
  // dbl: as add, but a sum above 4p loses 4p, so that chains of dbl and add do not let e grow.
  MPIN_MEMBER_INLINE void dbl(FpX8& r, const FpX8& a) {
    MPIN_CHECK(a.bound <= kTight);
    V t[5];
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      t[i] = plus(a.l[i], a.l[i]);
    const __mmask8 over = _mm512_cmpgt_epi64_mask(t[4], word(ifma::k2P.l[4]));
    const __mmask8 far_over = _mm512_cmpgt_epi64_mask(t[4], word(2 * ifma::k2P.l[4] + 1));
    sub_2p_if(t, over);
    sub_2p_if(t, far_over);
    carry(r, t[0], t[1], t[2], t[3], t[4]);
    MPIN_BOUND(set_bound(r, 2 + kSlack));
  }

  // sub: adds 2p when the top word of the difference is 0 or less, and once more when it is -D + 1
  // or less. The lower words are together above -2^208 and below 2^208. So a difference left alone
  // is positive, one below -2p gets 4p, and one that gets 2p or 4p ends below 2p + 2^210.
  MPIN_MEMBER_INLINE void sub(FpX8& r, const FpX8& a, const FpX8& b) {
    MPIN_CHECK(a.bound <= kTight && b.bound <= kTight);
    MPIN_BOUND(const double bound = max(2 + kSlack, a.bound));
    V t[5];
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      t[i] = minus(a.l[i], b.l[i]);
    const __mmask8 under = _mm512_cmple_epi64_mask(t[4], _mm512_setzero_si512());
    const __mmask8 far_under = _mm512_cmple_epi64_mask(t[4], word(1 - ifma::k2P.l[4]));
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      t[i] = _mm512_mask_add_epi64(t[i], under, t[i], word(ifma::k2P.l[i]));
      t[i] = _mm512_mask_add_epi64(t[i], far_under, t[i], word(ifma::k2P.l[i]));
    }
    carry(r, t[0], t[1], t[2], t[3], t[4]);
    MPIN_BOUND(set_bound(r, bound));
  }
  MPIN_MEMBER_INLINE void neg(FpX8& r, const FpX8& a) {
    FpX8 zero;
    set_zero(zero);
    sub(r, zero, a);
  }

  // --- Products --------------------------------------------------------------------------------

  // row: t += a·b·2^52i for one limb a of weight i: two products a limb, low and high half.
  MPIN_MEMBER_INLINE void row(V* t, V a, const V b[5]) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
      t[j] = lo(t[j], a, b[j]);
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
      t[j + 1] = hi(t[j + 1], a, b[j]);
  }
  // fold: adds the multiple q·p that makes t[0] a multiple of 2^52, and carries it into t[1]
  // (Montgomery 1985). The low half of q·p[0] is the complement of the low bits of t[0]: it can
  // only be zero or round t[0] up, which is done without computing it.
  MPIN_MEMBER_INLINE void fold(V* t) {
    const V q = lo(_mm512_setzero_si512(), t[0], word(ifma::kMinusInverse52));
    t[1] = plus(t[1], carry_of(plus(t[0], word(ifma::kLimbMask))));
#pragma GCC unroll 4
    for (int j = 1; j < 5; j++)
      t[j] = lo(t[j], q, word(ifma::kP.l[j]));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
      t[j + 1] = hi(t[j + 1], q, word(ifma::kP.l[j]));
  }
  MPIN_MEMBER_INLINE void clear(V t[10]) {
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
      t[i] = _mm512_setzero_si512();
  }

  // mul: ab/R mod p. In: factors below 8p. Out: below p + ab/R.
  MPIN_MEMBER_INLINE void mul(FpX8& r, const FpX8& a, const FpX8& b) {
    MPIN_CHECK(a.bound <= kFactor && b.bound <= kFactor);
    MPIN_BOUND(const double bound = 1 + a.bound * b.bound / kROverP);
    V t[10];
    clear(t);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      row(t + i, a.l[i], b.l);
      fold(t + i);
    }
    carry(r, t[5], t[6], t[7], t[8], t[9]);
    MPIN_BOUND(set_bound(r, bound));
  }
  MPIN_MEMBER_INLINE void sqr(FpX8& r, const FpX8& a) {
    MPIN_CHECK(a.bound <= kFactor);
    MPIN_BOUND(const double bound = 1 + a.bound * a.bound / kROverP);
    V t[10];
    square(t, a.l);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      fold(t + i);
    carry(r, t[5], t[6], t[7], t[8], t[9]);
    MPIN_BOUND(set_bound(r, bound));
  }
  MPIN_MEMBER_INLINE void square(V t[10], const V a[5]) {
    clear(t);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
#pragma GCC unroll 4
      for (int j = i + 1; j < 5; j++) {
        t[i + j] = lo(t[i + j], a[i], a[j]);
        t[i + j + 1] = hi(t[i + j + 1], a[i], a[j]);
      }
#pragma GCC unroll 8
    for (int i = 1; i < 9; i++)
      t[i] = plus(t[i], t[i]);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      t[2 * i] = lo(t[2 * i], a[i], a[i]);
      t[2 * i + 1] = hi(t[2 * i + 1], a[i], a[i]);
    }
  }

  MPIN_MEMBER_INLINE void mul_wide(Wide& r, const FpX8& a, const FpX8& b) {
    MPIN_CHECK(a.bound <= kFactor && b.bound <= kFactor);
    V t[10];
    clear(t);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      row(t + i, a.l[i], b.l);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
      r.l[i] = t[i];
    MPIN_BOUND(set_bounds(r, 0, a.bound * b.bound));
  }
  MPIN_MEMBER_INLINE void sqr_wide(Wide& r, const FpX8& a) {
    MPIN_CHECK(a.bound <= kFactor);
    square(r.l, a.l);
    MPIN_BOUND(set_bounds(r, 0, a.bound * a.bound));
  }

  // redc: a/R mod p for a in [-2Rp, 3Rp]: 2p is added above the words that are folded away, and 2p
  // is subtracted once or twice. The top word after the carries is estimated: t7 and below can
  // change the estimate by one. Out: below 2p + 2^210.
  MPIN_MEMBER_INLINE void redc(FpX8& r, const Wide& a) {
    MPIN_CHECK(a.low >= -2 * kROverP && a.high <= 3 * kROverP);
    V t[10];
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
      t[i] = a.l[i];
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      t[5 + i] = plus(t[5 + i], word(ifma::k2P.l[i]));
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      fold(t + i);
    const V top = plus(t[9], carry_of(t[8]));
    const __mmask8 over = _mm512_cmpgt_epi64_mask(top, word(ifma::k2P.l[4] + 1));
    const __mmask8 far_over = _mm512_cmpgt_epi64_mask(top, word(2 * ifma::k2P.l[4] + 2));
    sub_2p_if(t + 5, over);
    sub_2p_if(t + 5, far_over);
    carry(r, t[5], t[6], t[7], t[8], t[9]);
    MPIN_BOUND(set_bound(r, 2 + kSlack));
  }
  MPIN_MEMBER_INLINE void sub_2p_if(V t[5], __mmask8 mask) {
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      t[i] = _mm512_mask_sub_epi64(t[i], mask, t[i], word(ifma::k2P.l[i]));
  }

  MPIN_MEMBER_INLINE void wide_add(Wide& r, const Wide& a, const Wide& b) {
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
      r.l[i] = plus(a.l[i], b.l[i]);
    MPIN_BOUND(set_bounds(r, a.low + b.low, a.high + b.high));
  }
  MPIN_MEMBER_INLINE void wide_sub(Wide& r, const Wide& a, const Wide& b) {
    MPIN_BOUND(const double low = a.low - b.high; const double high = a.high - b.low);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++)
      r.l[i] = minus(a.l[i], b.l[i]);
    MPIN_BOUND(set_bounds(r, low, high));
  }
  MPIN_MEMBER_INLINE void wide_add_lazy(Wide& r, const Wide& a, const Wide& b) {
    wide_add(r, a, b);
  }
  // wide_sub_lazy: In: a >= b, which the caller knows of its values before any reduction.
  MPIN_MEMBER_INLINE void wide_sub_lazy(Wide& r, const Wide& a, const Wide& b) {
    wide_sub(r, a, b);
    MPIN_BOUND(r.low = max(r.low, 0));
  }

  // mul_add: (ab + cd)/R mod p. In: factors below 8p. Out: below p + (ab + cd)/R.
  MPIN_MEMBER_INLINE void mul_add(FpX8& r, const FpX8& a, const FpX8& b, const FpX8& c,
                                  const FpX8& d) {
    MPIN_CHECK(max(a.bound, b.bound) <= kFactor && max(c.bound, d.bound) <= kFactor);
    MPIN_BOUND(const double bound = 1 + (a.bound * b.bound + c.bound * d.bound) / kROverP);
    V t[10];
    clear(t);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      row(t + i, a.l[i], b.l);
      row(t + i, c.l[i], d.l);
      fold(t + i);
    }
    carry(r, t[5], t[6], t[7], t[8], t[9]);
    MPIN_BOUND(set_bound(r, bound));
  }

  // reduce: r = Σ t[i]·2^52i mod p for signed words below 2^57 of a value in [0, 16p). The quotient
  // by p is taken from the top word: 113/2^52 is less than 2^208/p by a part in 146, and the carry
  // into the top word may be wrong by one, so the quotient is at most 1.12 below the exact one; it
  // is not above, as a top word so small that the carry could matter gives zero. Out: below 1.2p.
  MPIN_MEMBER_INLINE void reduce(FpX8& r, const V t[5]) {
    const V top = plus(t[4], carry_of(t[3]));
    const V quotient = hi(_mm512_setzero_si512(), top, word(113));
    V s[5];
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      const V low = _mm512_load_si512(ifma::kMultiplesOfP.limbs[i]);
      const V high = _mm512_load_si512(ifma::kMultiplesOfP.limbs[i] + 8);
      s[i] = minus(t[i], _mm512_permutex2var_epi64(low, quotient, high));
    }
    carry(r, s[0], s[1], s[2], s[3], s[4]);
    MPIN_BOUND(set_bound(r, 1.2));
  }

  // --- Canonical form --------------------------------------------------------------------------

  // less_p: limbs in [0, 2^52), any value.
  MPIN_MEMBER_INLINE Mask less_p(const FpX8& a) {
    V borrow = _mm512_setzero_si512();
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      borrow = carry_of(plus(minus(a.l[i], word(ifma::kP.l[i])), borrow));
    return Mask{_mm512_movepi64_mask(borrow)};
  }
  // canonical: r = a mod p. In: below 3p. Out: [0, p).
  MPIN_MEMBER_INLINE void canonical(FpX8& r, const FpX8& a) {
    MPIN_CHECK(a.bound <= 3);
    r = a;
    for (int times = 0; times < 2; times++) {
      const Mask below = less_p(r);
      FpX8 t;
      carry(t, minus(r.l[0], word(ifma::kP.l[0])), minus(r.l[1], word(ifma::kP.l[1])),
            minus(r.l[2], word(ifma::kP.l[2])), minus(r.l[3], word(ifma::kP.l[3])),
            minus(r.l[4], word(ifma::kP.l[4])));
#pragma GCC unroll 5
      for (int i = 0; i < 5; i++)
        r.l[i] = _mm512_mask_mov_epi64(t.l[i], below.bits, r.l[i]);
    }
    MPIN_BOUND(set_bound(r, 1));
  }

  // set_lane, get_lane: one lane as limbs.
  MPIN_MEMBER_INLINE void set_lane(FpX8& r, int lane, const uint64_t limbs[5]) {
    for (int i = 0; i < 5; i++)
      reinterpret_cast<LaneWord*>(&r.l[i])[lane] = limbs[i];
  }
  MPIN_MEMBER_INLINE void get_lane(uint64_t limbs[5], const FpX8& a, int lane) {
    for (int i = 0; i < 5; i++)
      limbs[i] = reinterpret_cast<const LaneWord*>(&a.l[i])[lane];
  }
};

}  // namespace mpin

#endif  // MPIN_ARCH_FIELD_IFMA_H_
