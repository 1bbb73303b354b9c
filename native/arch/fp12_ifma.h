// One element of Fp12 across the lanes: lane j holds the coefficient of w^j, in Fp2 (w^6 = xi).
// Lanes 6 and 7 are not used. Schoolbook products of Fp12 fit this better than Karatsuba's: six
// products of a broadcast coefficient by the rotated other factor, all accumulated before one
// reduction.
#ifndef MPIN_ARCH_FP12_IFMA_H_
#define MPIN_ARCH_FP12_IFMA_H_

#include "affine_ifma.h"
#include "cyclotomic.h"

namespace mpin::ifma {

// A vector of Fp2, with the sum of its parts as Karatsuba needs it.
struct Fp2Factors {
  FpX8 re, im, sum;
};

// Lane patterns, as bytes from lane 0 on. permute2: indices 8 … 15 are lanes of the second vector.
MPIN_INLINE V lanes(int a, int b, int c, int d, int e, int f) {
  return _mm512_set_epi64(0, 0, f, e, d, c, b, a);
}
MPIN_INLINE void permute2(FpX8& r, const FpX8& a, const FpX8& b, V index) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
    r.l[i] = _mm512_permutex2var_epi64(a.l[i], index, b.l[i]);
  MPIN_BOUND(r.bound = FpX8::max(a.bound, b.bound));
}
inline constexpr uint8_t kOddLanes = 0x2a;

struct Fp12Lanes {
  FpX8 re, im;

  using LaneWord = FpX8::LaneWord;

  static void set_one(Fp12Lanes& r) {
    FpX8 one;
    FpX8::set_one(one);
    FpX8::set_zero(r.re);
    FpX8::set_zero(r.im);
    FpX8::select(r.re, FpX8::Mask::make(1), one, r.re);
  }
  // from_eight: one lane of eight elements side by side.
  static void from_eight(Fp12Lanes& r, const Fp12T<FpX8>& a, int lane) {
    set_one(r);
    for (int j = 0; j < 6; j++) {
      const Fp6T<FpX8>& half = j & 1 ? a.c1 : a.c0;
      const Fp2T<FpX8>& c = j < 2 ? half.c0 : j < 4 ? half.c1 : half.c2;
      copy_lane(r.re, j, c.c0, lane);
      copy_lane(r.im, j, c.c1, lane);
    }
  }
  static void conj(Fp12Lanes& r, const Fp12Lanes& a) {
    FpX8 t;
    FpX8::neg(t, a.re);
    FpX8::select(r.re, FpX8::Mask::make(kOddLanes), t, a.re);
    FpX8::neg(t, a.im);
    FpX8::select(r.im, FpX8::Mask::make(kOddLanes), t, a.im);
  }
  static bool equal(const Fp12Lanes& a, const Fp12Lanes& b) {
    return ((FpX8::equal(a.re, b.re) & FpX8::equal(a.im, b.im)).bits & 0x3f) == 0x3f;
  }
  static bool is_one(const Fp12Lanes& a) {
    Fp12Lanes one;
    set_one(one);
    return equal(a, one);
  }

  // factors: a ready to be a factor.
  static void factors(Fp2Factors& r, const FpX8& re, const FpX8& im) {
    r.re = re;
    r.im = im;
    FpX8::add_lazy(r.sum, re, im);
  }
  static void mul_by_xi(FpX8& re, FpX8& im, const Fp12Lanes& a) {
    FpX8::sub(re, a.re, a.im);
    FpX8::add(im, a.re, a.im);
  }

  // accumulate: r = Σ aᵢ·(b rotated up by i lanes, what passes the end from xb), one part of Fp2.
  // aᵢ is a lane of a vector, its limbs 8 words apart.
  template <int n>
  MPIN_MEMBER_INLINE void accumulate(FpX8::Wide& r, const LaneWord* const a[n], const FpX8& b,
                                     const FpX8& xb) {
    V t[10];
    FpX8::clear(t);
#pragma GCC unroll 6
    for (int i = 0; i < n; i++) {
      const auto from = [i](int lane) { return lane >= i ? lane - i : 14 + lane - i; };
      const V index = lanes(from(0), from(1), from(2), from(3), from(4), from(5));
      V rotated[5];
#pragma GCC unroll 5
      for (int k = 0; k < 5; k++)
        rotated[k] = _mm512_permutex2var_epi64(b.l[k], index, xb.l[k]);
#pragma GCC unroll 5
      for (int k = 0; k < 5; k++)
        FpX8::row(t + k, FpX8::word(a[i][8 * k]), rotated);
    }
#pragma GCC unroll 10
    for (int k = 0; k < 10; k++)
      r.l[k] = t[k];
  }

  // mul_terms: r = (Σ aᵢ·wⁱ)·b for i < n, aᵢ being lane of factors[i].
  // Bounds: tight inputs, n <= 6; the sums are below 24p² and 96p².
  template <int n>
  MPIN_NOINLINE static void mul_terms(Fp12Lanes& r, const Fp2Factors* const factors_of[n],
                                      const int lane_of[n], const Fp12Lanes& b) {
    const LaneWord *re[n], *im[n], *sum[n];
    for (int i = 0; i < n; i++) {
      re[i] = reinterpret_cast<const LaneWord*>(factors_of[i]->re.l) + lane_of[i];
      im[i] = reinterpret_cast<const LaneWord*>(factors_of[i]->im.l) + lane_of[i];
      sum[i] = reinterpret_cast<const LaneWord*>(factors_of[i]->sum.l) + lane_of[i];
    }
    Fp12Lanes xb;
    mul_by_xi(xb.re, xb.im, b);
    FpX8 b_sum, xb_sum;
    FpX8::add_lazy(b_sum, b.re, b.im);
    FpX8::add_lazy(xb_sum, xb.re, xb.im);
    FpX8::Wide p, q, m;
    accumulate<n>(p, re, b.re, xb.re);
    accumulate<n>(q, im, b.im, xb.im);
    accumulate<n>(m, sum, b_sum, xb_sum);
    MPIN_BOUND(FpX8::set_bounds(p, 0, n * 4.1));
    MPIN_BOUND(FpX8::set_bounds(q, 0, n * 4.1));
    MPIN_BOUND(FpX8::set_bounds(m, 0, n * 16.1));
    FpX8::wide_sub_lazy(m, m, p);
    FpX8::wide_sub_lazy(m, m, q);
    FpX8::wide_sub(p, p, q);
    FpX8::redc(r.re, p);
    FpX8::redc(r.im, m);
  }

  static void mul(Fp12Lanes& r, const Fp12Lanes& a, const Fp12Lanes& b) {
    Fp2Factors f;
    factors(f, a.re, a.im);
    const Fp2Factors* const all[6] = {&f, &f, &f, &f, &f, &f};
    constexpr int lane[6] = {0, 1, 2, 3, 4, 5};
    mul_terms<6>(r, all, lane, b);
  }
  static void sqr(Fp12Lanes& r, const Fp12Lanes& a) { mul(r, a, a); }

  // frobenius1, 2, 3: coefficient j, conjugated for odd powers, times xi^(j(p^n - 1)/6).
  static void frobenius1(Fp12Lanes& r, const Fp12Lanes& a) {
    frobenius_odd(r, a, params::kFrobenius1);
  }
  static void frobenius3(Fp12Lanes& r, const Fp12Lanes& a) {
    frobenius_odd(r, a, params::kFrobenius3);
  }
  static void frobenius2(Fp12Lanes& r, const Fp12Lanes& a) {
    FpX8 factor;
    FpX8::set_one(factor);
    for (int j = 1; j < 6; j++)
      FpX8::set_lane(factor, j, params::kFrobenius2[j - 1].r260);
    FpX8::mul(r.re, a.re, factor);
    FpX8::mul(r.im, a.im, factor);
  }

 private:
  static void frobenius_odd(Fp12Lanes& r, const Fp12Lanes& a,
                            const params::Fp2Constant constants[5]) {
    Fp2T<FpX8> factor, t;
    Fp2T<FpX8>::set_one(factor);
    for (int j = 1; j < 6; j++) {
      FpX8::set_lane(factor.c0, j, constants[j - 1].c0.r260);
      FpX8::set_lane(factor.c1, j, constants[j - 1].c1.r260);
    }
    MPIN_BOUND(FpX8::set_bound(factor.c1, 1));
    t.c0 = a.re;
    FpX8::neg(t.c1, a.im);
    Fp2T<FpX8>::mul(t, t, factor);
    r.re = t.c0;
    r.im = t.c1;
  }
};

// The cyclotomic subgroup (Granger, Scott, eprint 2009/565).
struct CyclotomicLanes : HardPartT<CyclotomicLanes, Fp12Lanes> {
  // sqr: with s_j = a_j², the even coefficients become 3(s_k + xi·s_{k+3}) - 2a, k = 0, 1, 2 for
  // lanes 0, 2, 4; the odd ones 6·a_k·a_{k+3} + 2a for lanes 3, 5 and, times xi, k = 2 for lane 1.
  MPIN_NOINLINE static void sqr(Fp12Lanes& r, const Fp12Lanes& a) {
    FpX8 sum, difference, twice, s_re, s_im, xs_re, xs_im;
    FpX8::add_lazy(twice, a.re, a.re);
    FpX8::add_lazy(sum, a.re, a.im);
    FpX8::sub(difference, a.re, a.im);
    FpX8::mul(s_re, sum, difference);
    FpX8::mul(s_im, twice, a.im);
    FpX8::sub(xs_re, s_re, s_im);
    FpX8::add(xs_im, s_re, s_im);

    FpX8 products;
    pair_products(products, a, difference);
    FpX8 p, q;
    permute2(p, s_re, products, lanes(0, 8 + 2, 1, 8 + 0, 2, 8 + 1));
    permute2(q, xs_re, products, lanes(3, 8 + 2, 4, 8 + 0, 5, 8 + 1));
    combine(r.re, p, q, a.re);
    permute2(p, s_im, products, lanes(0, 8 + 5, 1, 8 + 3, 2, 8 + 4));
    permute2(q, xs_im, products, lanes(3, 8 + 5, 4, 8 + 3, 5, 8 + 4));
    combine(r.im, p, q, a.im);
  }

 private:
  // pair_products: a0·a3, a1·a4 and xi·a2·a5, real parts in lanes 0, 1, 2, imaginary in 3, 4, 5.
  MPIN_MEMBER_INLINE void pair_products(FpX8& r, const Fp12Lanes& a, const FpX8& difference) {
    FpX8 x_re, x_im, minus, y1, y2;
    const V low = lanes(0, 1, 2, 0, 1, 2);
    FpX8::add(x_im, a.re, a.im);
    FpX8::select(x_im, FpX8::Mask::make(4), x_im, a.im);
    FpX8::select(x_re, FpX8::Mask::make(4), difference, a.re);
    permute2(x_re, x_re, x_re, low);
    permute2(x_im, x_im, x_im, low);
    FpX8::neg(minus, x_im);
    FpX8::select(x_im, FpX8::Mask::make(7), minus, x_im);  // -im, and im in the upper lanes.
    permute2(y1, a.re, a.im, lanes(3, 4, 5, 8 + 3, 8 + 4, 8 + 5));
    permute2(y2, a.im, a.re, lanes(3, 4, 5, 8 + 3, 8 + 4, 8 + 5));
    FpX8::mul_add(r, x_re, y1, x_im, y2);
  }

  // combine: 3(p + q) ± 2a, minus in even lanes, where 6p keeps it positive. Out: below 1.2p.
  // In: p + q below 3.2p, a tight: at most 9.6p + 6p.
  MPIN_MEMBER_INLINE void combine(FpX8& r, const FpX8& p, const FpX8& q, const FpX8& a) {
    MPIN_CHECK(p.bound + q.bound <= 3.2 && a.bound <= FpX8::kTight);
    V t[5];
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      const V s = FpX8::plus(p.l[i], q.l[i]);
      const V offset = FpX8::word(3 * k2P.l[i]);
      const V twice = FpX8::plus(a.l[i], a.l[i]);
      t[i] = FpX8::plus(FpX8::plus(s, s), s);
      t[i] = _mm512_mask_add_epi64(FpX8::plus(t[i], FpX8::minus(offset, twice)), kOddLanes, t[i],
                                   twice);
    }
    FpX8::reduce(r, t);
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_FP12_IFMA_H_
