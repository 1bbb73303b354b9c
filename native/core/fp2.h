// Fp2 = Fp[i]/(i² + 1), elements c0 + i·c1, over any base field F.
//
// Karatsuba with lazy reduction: three products and two reductions (Aranha et al., eprint 2010/526,
// algorithm 2). The wide forms are in [0, p·2^256) like F::Wide and closed under their operations.
#ifndef MPIN_CORE_FP2_H_
#define MPIN_CORE_FP2_H_

#include "power.h"

namespace mpin {

template <class F>
struct Fp2T {
  F c0, c1;

  struct Wide {
    typename F::Wide c0, c1;
  };
  using Mask = typename F::Mask;
  using Base = F;

  MPIN_MEMBER_INLINE void set_zero(Fp2T& r) {
    F::set_zero(r.c0);
    F::set_zero(r.c1);
  }
  MPIN_MEMBER_INLINE void set_one(Fp2T& r) {
    F::set_one(r.c0);
    F::set_zero(r.c1);
  }
  MPIN_MEMBER_INLINE void set_constant(Fp2T& r, const params::Fp2Constant& c) {
    F::set_constant(r.c0, c.c0);
    F::set_constant(r.c1, c.c1);
  }
  MPIN_MEMBER_INLINE Mask mask_all(uint64_t bit) { return F::mask_all(bit); }
  MPIN_MEMBER_INLINE void select(Fp2T& r, Mask mask, const Fp2T& a, const Fp2T& b) {
    F::select(r.c0, mask, a.c0, b.c0);
    F::select(r.c1, mask, a.c1, b.c1);
  }
  MPIN_MEMBER_INLINE Mask is_zero(const Fp2T& a) { return F::is_zero(a.c0) & F::is_zero(a.c1); }
  MPIN_MEMBER_INLINE Mask equal(const Fp2T& a, const Fp2T& b) {
    return F::equal(a.c0, b.c0) & F::equal(a.c1, b.c1);
  }

  MPIN_MEMBER_INLINE void add(Fp2T& r, const Fp2T& a, const Fp2T& b) {
    F::add(r.c0, a.c0, b.c0);
    F::add(r.c1, a.c1, b.c1);
  }
  MPIN_MEMBER_INLINE void sub(Fp2T& r, const Fp2T& a, const Fp2T& b) {
    F::sub(r.c0, a.c0, b.c0);
    F::sub(r.c1, a.c1, b.c1);
  }
  MPIN_MEMBER_INLINE void dbl(Fp2T& r, const Fp2T& a) {
    F::dbl(r.c0, a.c0);
    F::dbl(r.c1, a.c1);
  }
  MPIN_MEMBER_INLINE void neg(Fp2T& r, const Fp2T& a) {
    F::neg(r.c0, a.c0);
    F::neg(r.c1, a.c1);
  }
  // conj: c0 - i·c1, which is also the p-power.
  MPIN_MEMBER_INLINE void conj(Fp2T& r, const Fp2T& a) {
    r.c0 = a.c0;
    F::neg(r.c1, a.c1);
  }
  // mul_by_xi: (1 + i)·a = (c0 - c1) + i(c0 + c1).
  MPIN_MEMBER_INLINE void mul_by_xi(Fp2T& r, const Fp2T& a) {
    F sum;
    F::add(sum, a.c0, a.c1);
    F::sub(r.c0, a.c0, a.c1);
    r.c1 = sum;
  }

  // mul_wide: r = a·b, not reduced.
  // In:  coordinates in [0, p).   Out: c0 in [0, p·2^256), c1 < 2p².   r is no alias.
  // Inside: (a0+a1)(b0+b1) < 4p² < p·2^256, and it is at least a0b0 + a1b1.
  // Time: constant.
  MPIN_NOINLINE static void mul_wide(Wide& r, const Fp2T& a, const Fp2T& b) {
    F s, t;
    typename F::Wide v0, v1, cross;
    F::add_lazy(s, a.c0, a.c1);
    F::add_lazy(t, b.c0, b.c1);
    F::mul_wide(cross, s, t);
    F::mul_wide(v0, a.c0, b.c0);
    F::mul_wide(v1, a.c1, b.c1);
    F::wide_sub_lazy(cross, cross, v0);
    F::wide_sub_lazy(r.c1, cross, v1);
    F::wide_sub(r.c0, v0, v1);
  }
  // sqr_wide: (c0 + c1)(c0 - c1) + i·2c0c1; both products are below 2p·p.
  MPIN_NOINLINE static void sqr_wide(Wide& r, const Fp2T& a) {
    F sum, difference, twice;
    F::add_lazy(sum, a.c0, a.c1);
    F::sub(difference, a.c0, a.c1);
    F::add_lazy(twice, a.c0, a.c0);
    F::mul_wide(r.c0, sum, difference);
    F::mul_wide(r.c1, twice, a.c1);
  }
  MPIN_MEMBER_INLINE void wide_add(Wide& r, const Wide& a, const Wide& b) {
    F::wide_add(r.c0, a.c0, b.c0);
    F::wide_add(r.c1, a.c1, b.c1);
  }
  MPIN_MEMBER_INLINE void wide_sub(Wide& r, const Wide& a, const Wide& b) {
    F::wide_sub(r.c0, a.c0, b.c0);
    F::wide_sub(r.c1, a.c1, b.c1);
  }
  MPIN_MEMBER_INLINE void wide_mul_by_xi(Wide& r, const Wide& a) {
    typename F::Wide sum;
    F::wide_add(sum, a.c0, a.c1);
    F::wide_sub(r.c0, a.c0, a.c1);
    r.c1 = sum;
  }
  MPIN_MEMBER_INLINE void redc(Fp2T& r, const Wide& a) {
    F::redc(r.c0, a.c0);
    F::redc(r.c1, a.c1);
  }

  MPIN_NOINLINE static void mul(Fp2T& r, const Fp2T& a, const Fp2T& b) {
    F s, t;
    typename F::Wide v0, v1, cross;
    F::add_lazy(s, a.c0, a.c1);
    F::add_lazy(t, b.c0, b.c1);
    F::mul_wide(cross, s, t);
    F::mul_wide(v0, a.c0, b.c0);
    F::mul_wide(v1, a.c1, b.c1);
    F::wide_sub_lazy(cross, cross, v0);
    F::wide_sub_lazy(cross, cross, v1);
    F::wide_sub(v0, v0, v1);
    F::redc(r.c0, v0);
    F::redc(r.c1, cross);
  }
  MPIN_NOINLINE static void sqr(Fp2T& r, const Fp2T& a) {
    F sum, difference, twice;
    F::add_lazy(sum, a.c0, a.c1);
    F::sub(difference, a.c0, a.c1);
    F::add_lazy(twice, a.c0, a.c0);
    F::mul(r.c1, twice, a.c1);
    F::mul(r.c0, sum, difference);
  }
  MPIN_MEMBER_INLINE void mul_by_base(Fp2T& r, const Fp2T& a, const F& b) {
    const F factor = b;
    F::mul(r.c0, a.c0, factor);
    F::mul(r.c1, a.c1, factor);
  }

  // inv: (c0 - i·c1)/(c0² + c1²). Zero goes to zero. As constant in time as the inversion in F,
  // which is by default.
  template <class Inversion = void (*)(F&, const F&)>
  static void inv(Fp2T& r, const Fp2T& a, Inversion invert = PowerT<F>::inv) {
    typename F::Wide s, t;
    F norm;
    F::sqr_wide(s, a.c0);
    F::sqr_wide(t, a.c1);
    F::wide_add_lazy(s, s, t);
    F::redc(norm, s);
    invert(norm, norm);
    conj(r, a);
    mul_by_base(r, r, norm);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_FP2_H_
