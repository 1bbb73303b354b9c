// Fp6 = Fp2[v]/(v³ - xi), elements c0 + c1·v + c2·v².
//
// Karatsuba in six products (Devegili et al., eprint 2006/471), reduced only after the sums: three
// reductions instead of six (Aranha et al., eprint 2010/526, algorithm 3).
#ifndef MPIN_CORE_FP6_H_
#define MPIN_CORE_FP6_H_

#include "fp2.h"

namespace mpin {

template <class F>
struct Fp6T {
  using Fp2 = Fp2T<F>;
  using Mask = typename F::Mask;

  Fp2 c0, c1, c2;

  struct Wide {
    typename Fp2::Wide c0, c1, c2;
  };

  MPIN_MEMBER_INLINE void set_zero(Fp6T& r) {
    Fp2::set_zero(r.c0);
    Fp2::set_zero(r.c1);
    Fp2::set_zero(r.c2);
  }
  MPIN_MEMBER_INLINE void set_one(Fp6T& r) {
    Fp2::set_one(r.c0);
    Fp2::set_zero(r.c1);
    Fp2::set_zero(r.c2);
  }
  MPIN_MEMBER_INLINE Mask equal(const Fp6T& a, const Fp6T& b) {
    return Fp2::equal(a.c0, b.c0) & Fp2::equal(a.c1, b.c1) & Fp2::equal(a.c2, b.c2);
  }
  MPIN_MEMBER_INLINE Mask is_zero(const Fp6T& a) {
    return Fp2::is_zero(a.c0) & Fp2::is_zero(a.c1) & Fp2::is_zero(a.c2);
  }
  MPIN_MEMBER_INLINE void add(Fp6T& r, const Fp6T& a, const Fp6T& b) {
    Fp2::add(r.c0, a.c0, b.c0);
    Fp2::add(r.c1, a.c1, b.c1);
    Fp2::add(r.c2, a.c2, b.c2);
  }
  MPIN_MEMBER_INLINE void sub(Fp6T& r, const Fp6T& a, const Fp6T& b) {
    Fp2::sub(r.c0, a.c0, b.c0);
    Fp2::sub(r.c1, a.c1, b.c1);
    Fp2::sub(r.c2, a.c2, b.c2);
  }
  MPIN_MEMBER_INLINE void neg(Fp6T& r, const Fp6T& a) {
    Fp2::neg(r.c0, a.c0);
    Fp2::neg(r.c1, a.c1);
    Fp2::neg(r.c2, a.c2);
  }
  // mul_by_v: (c0, c1, c2) -> (xi·c2, c0, c1).
  MPIN_MEMBER_INLINE void mul_by_v(Fp6T& r, const Fp6T& a) {
    Fp2 t;
    Fp2::mul_by_xi(t, a.c2);
    r.c2 = a.c1;
    r.c1 = a.c0;
    r.c0 = t;
  }

  MPIN_MEMBER_INLINE void wide_add(Wide& r, const Wide& a, const Wide& b) {
    Fp2::wide_add(r.c0, a.c0, b.c0);
    Fp2::wide_add(r.c1, a.c1, b.c1);
    Fp2::wide_add(r.c2, a.c2, b.c2);
  }
  MPIN_MEMBER_INLINE void wide_sub(Wide& r, const Wide& a, const Wide& b) {
    Fp2::wide_sub(r.c0, a.c0, b.c0);
    Fp2::wide_sub(r.c1, a.c1, b.c1);
    Fp2::wide_sub(r.c2, a.c2, b.c2);
  }
  MPIN_MEMBER_INLINE void wide_mul_by_v(Wide& r, const Wide& a) {
    typename Fp2::Wide t;
    Fp2::wide_mul_by_xi(t, a.c2);
    r.c2 = a.c1;
    r.c1 = a.c0;
    r.c0 = t;
  }
  MPIN_MEMBER_INLINE void redc(Fp6T& r, const Wide& a) {
    Fp2::redc(r.c0, a.c0);
    Fp2::redc(r.c1, a.c1);
    Fp2::redc(r.c2, a.c2);
  }

  // cross: r = (x0 + x1)(y0 + y1) - v0 - v1, the mixed term of Karatsuba. The sums are reduced:
  // sums of four elements each would not fit Fp2::mul_wide.
  MPIN_MEMBER_INLINE void cross(typename Fp2::Wide& r, const Fp2& x0, const Fp2& x1, const Fp2& y0,
                                const Fp2& y1, const typename Fp2::Wide& v0,
                                const typename Fp2::Wide& v1) {
    Fp2 s, t;
    Fp2::add(s, x0, x1);
    Fp2::add(t, y0, y1);
    Fp2::mul_wide(r, s, t);
    Fp2::wide_sub(r, r, v0);
    Fp2::wide_sub(r, r, v1);
  }

  // mul_wide: r = a·b, six products.
  // In:  coordinates in [0, p).   Out: wide coordinates in [0, p·2^256).   r is no alias.
  // Time: constant.
  MPIN_NOINLINE static void mul_wide(Wide& r, const Fp6T& a, const Fp6T& b) {
    typename Fp2::Wide v0, v1, v2, t;
    Fp2::mul_wide(v0, a.c0, b.c0);
    Fp2::mul_wide(v1, a.c1, b.c1);
    Fp2::mul_wide(v2, a.c2, b.c2);
    cross(t, a.c1, a.c2, b.c1, b.c2, v1, v2);
    Fp2::wide_mul_by_xi(t, t);
    Fp2::wide_add(r.c0, v0, t);  // a0b0 + xi(a1b2 + a2b1)
    cross(t, a.c0, a.c1, b.c0, b.c1, v0, v1);
    cross(r.c2, a.c0, a.c2, b.c0, b.c2, v0, v2);
    Fp2::wide_add(r.c2, r.c2, v1);  // a0b2 + a2b0 + a1b1
    Fp2::wide_mul_by_xi(v2, v2);
    Fp2::wide_add(r.c1, t, v2);  // a0b1 + a1b0 + xi·a2b2
  }

  // mul_by_01_wide: r = a·(b0 + b1·v), five products.
  MPIN_NOINLINE static void mul_by_01_wide(Wide& r, const Fp6T& a, const Fp2& b0, const Fp2& b1) {
    typename Fp2::Wide v0, v1, t;
    Fp2::mul_wide(v0, a.c0, b0);
    Fp2::mul_wide(v1, a.c1, b1);
    Fp2::mul_wide(t, a.c2, b1);
    Fp2::wide_mul_by_xi(t, t);
    Fp2::wide_add(r.c0, v0, t);  // a0b0 + xi·a2b1
    cross(r.c1, a.c0, a.c1, b0, b1, v0, v1);
    Fp2::mul_wide(t, a.c2, b0);
    Fp2::wide_add(r.c2, v1, t);  // a1b1 + a2b0
  }

  static void mul(Fp6T& r, const Fp6T& a, const Fp6T& b) {
    Wide t;
    mul_wide(t, a, b);
    redc(r, t);
  }
  static void sqr(Fp6T& r, const Fp6T& a) { mul(r, a, a); }
  static void mul_by_fp2(Fp6T& r, const Fp6T& a, const Fp2& b) {
    const Fp2 factor = b;
    Fp2::mul(r.c0, a.c0, factor);
    Fp2::mul(r.c1, a.c1, factor);
    Fp2::mul(r.c2, a.c2, factor);
  }

  // inv: with A = c0² - xi·c1c2, B = xi·c2² - c0c1, C = c1² - c0c2 the inverse is
  // (A + B·v + C·v²)/(c0·A + xi(c2·B + c1·C)). Zero goes to zero. Time
  // as in Fp2.
  template <class Inversion = void (*)(F&, const F&)>
  static void inv(Fp6T& r, const Fp6T& a, Inversion invert = PowerT<F>::inv) {
    Fp2 A, B, C, t, norm;
    Fp2::sqr(A, a.c0);
    Fp2::mul(t, a.c1, a.c2);
    Fp2::mul_by_xi(t, t);
    Fp2::sub(A, A, t);
    Fp2::sqr(B, a.c2);
    Fp2::mul_by_xi(B, B);
    Fp2::mul(t, a.c0, a.c1);
    Fp2::sub(B, B, t);
    Fp2::sqr(C, a.c1);
    Fp2::mul(t, a.c0, a.c2);
    Fp2::sub(C, C, t);
    Fp2::mul(norm, a.c2, B);
    Fp2::mul(t, a.c1, C);
    Fp2::add(norm, norm, t);
    Fp2::mul_by_xi(norm, norm);
    Fp2::mul(t, a.c0, A);
    Fp2::add(norm, norm, t);
    Fp2::inv(norm, norm, invert);
    Fp2::mul(r.c0, A, norm);
    Fp2::mul(r.c1, B, norm);
    Fp2::mul(r.c2, C, norm);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_FP6_H_
