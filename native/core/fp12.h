// Fp12 = Fp6[w]/(w² - v), elements c0 + c1·w. Over Fp2 the basis is w^0 … w^5 with w^6 = xi:
// c0 = (w^0, w^2, w^4), c1 = (w^1, w^3, w^5).
#ifndef MPIN_CORE_FP12_H_
#define MPIN_CORE_FP12_H_

#include "fp6.h"

namespace mpin {

template <class F>
struct Fp12T {
  using Fp2 = Fp2T<F>;
  using Fp6 = Fp6T<F>;
  using Mask = typename F::Mask;

  Fp6 c0, c1;

  MPIN_MEMBER_INLINE void set_one(Fp12T& r) {
    Fp6::set_one(r.c0);
    Fp6::set_zero(r.c1);
  }
  MPIN_MEMBER_INLINE Mask equal(const Fp12T& a, const Fp12T& b) {
    return Fp6::equal(a.c0, b.c0) & Fp6::equal(a.c1, b.c1);
  }
  MPIN_MEMBER_INLINE Mask is_one(const Fp12T& a) {
    Fp12T one;
    set_one(one);
    return equal(a, one);
  }
  MPIN_MEMBER_INLINE void add(Fp12T& r, const Fp12T& a, const Fp12T& b) {
    Fp6::add(r.c0, a.c0, b.c0);
    Fp6::add(r.c1, a.c1, b.c1);
  }
  // conj: the p^6-power; the inverse in the cyclotomic subgroup.
  MPIN_MEMBER_INLINE void conj(Fp12T& r, const Fp12T& a) {
    r.c0 = a.c0;
    Fp6::neg(r.c1, a.c1);
  }

  // mul: Karatsuba over Fp6, 18 products of Fp2 and six reductions.
  // In, out: coordinates in [0, p).   r may alias a or b.   Time: constant.
  MPIN_NOINLINE static void mul(Fp12T& r, const Fp12T& a, const Fp12T& b) {
    typename Fp6::Wide v0, v1, t;
    Fp6 s0, s1;
    Fp6::add(s0, a.c0, a.c1);
    Fp6::add(s1, b.c0, b.c1);
    Fp6::mul_wide(t, s0, s1);
    Fp6::mul_wide(v0, a.c0, b.c0);
    Fp6::mul_wide(v1, a.c1, b.c1);
    finish_karatsuba(r, t, v0, v1);
  }

  // mul_by_01234: r = a·(d + (e0 + e1·v)·w), the product of two lines as second factor.
  MPIN_NOINLINE static void mul_by_01234(Fp12T& r, const Fp12T& a, const Fp6& d, const Fp2& e0,
                                         const Fp2& e1) {
    typename Fp6::Wide v0, v1, t;
    Fp6 s0, s1;
    Fp6::add(s0, a.c0, a.c1);
    Fp2::add(s1.c0, d.c0, e0);
    Fp2::add(s1.c1, d.c1, e1);
    s1.c2 = d.c2;
    Fp6::mul_wide(t, s0, s1);
    Fp6::mul_wide(v0, a.c0, d);
    Fp6::mul_by_01_wide(v1, a.c1, e0, e1);
    finish_karatsuba(r, t, v0, v1);
  }

  // finish_karatsuba: c0 = v0 + v·v1, c1 = t - v0 - v1, reduced.
  MPIN_MEMBER_INLINE void finish_karatsuba(Fp12T& r, typename Fp6::Wide& t,
                                           const typename Fp6::Wide& v0, typename Fp6::Wide& v1) {
    Fp6::wide_sub(t, t, v0);
    Fp6::wide_sub(t, t, v1);
    Fp6::redc(r.c1, t);
    Fp6::wide_mul_by_v(v1, v1);
    Fp6::wide_add(t, v0, v1);
    Fp6::redc(r.c0, t);
  }

  // sqr: c0² + v·c1² = (c0 + c1)(c0 + v·c1) - c0c1 - v·c0c1, and 2c0c1: two products of Fp6.
  MPIN_NOINLINE static void sqr(Fp12T& r, const Fp12T& a) {
    typename Fp6::Wide product, t;
    Fp6 s0, s1;
    Fp6::add(s0, a.c0, a.c1);
    Fp6::mul_by_v(s1, a.c1);
    Fp6::add(s1, s1, a.c0);
    Fp6::mul_wide(t, s0, s1);
    Fp6::mul_wide(product, a.c0, a.c1);
    Fp6::redc(r.c1, product);
    Fp6::add(r.c1, r.c1, r.c1);
    Fp6::wide_sub(t, t, product);
    Fp6::wide_mul_by_v(product, product);
    Fp6::wide_sub(t, t, product);
    Fp6::redc(r.c0, t);
  }

  // inv: (c0 - c1·w)/(c0² - v·c1²). Zero goes to zero. Time as in Fp2.
  template <class Inversion = void (*)(F&, const F&)>
  static void inv(Fp12T& r, const Fp12T& a, Inversion invert = PowerT<F>::inv) {
    Fp6 s, t;
    Fp6::sqr(s, a.c0);
    Fp6::sqr(t, a.c1);
    Fp6::mul_by_v(t, t);
    Fp6::sub(s, s, t);
    Fp6::inv(s, s, invert);
    Fp6::mul(r.c0, a.c0, s);
    Fp6::mul(t, a.c1, s);
    Fp6::neg(r.c1, t);
  }

  // coefficient: the factor of w^j.
  MPIN_MEMBER_INLINE Fp2& coefficient(Fp12T& a, int j) {
    Fp6& half = j & 1 ? a.c1 : a.c0;
    return j < 2 ? half.c0 : j < 4 ? half.c1 : half.c2;
  }

  // frobenius1, 2, 3: the p-, p²- and p³-power. (a_j w^j)^(p^n) = a_j^(p^n) · xi^(j(p^n-1)/6) w^j.
  static void frobenius1(Fp12T& r, const Fp12T& a) { frobenius_odd(r, a, params::kFrobenius1); }
  static void frobenius3(Fp12T& r, const Fp12T& a) { frobenius_odd(r, a, params::kFrobenius3); }
  MPIN_NOINLINE static void frobenius2(Fp12T& r, const Fp12T& a) {
    r = a;
    for (int j = 1; j < 6; j++) {
      F factor;
      F::set_constant(factor, params::kFrobenius2[j - 1]);
      Fp2::mul_by_base(coefficient(r, j), coefficient(r, j), factor);
    }
  }
  MPIN_NOINLINE static void frobenius_odd(Fp12T& r, const Fp12T& a,
                                          const params::Fp2Constant factors[5]) {
    r = a;
    Fp2::conj(r.c0.c0, r.c0.c0);
    for (int j = 1; j < 6; j++) {
      Fp2 factor;
      Fp2::set_constant(factor, factors[j - 1]);
      Fp2& c = coefficient(r, j);
      Fp2::conj(c, c);
      Fp2::mul(c, c, factor);
    }
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_FP12_H_
