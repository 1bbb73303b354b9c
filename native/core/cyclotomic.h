// The cyclotomic subgroup of Fp12 (order p⁴ - p² + 1), where the final exponentiation lives.
// There the inverse is the conjugate and squaring is cheap (Granger, Scott, eprint 2009/565).
#ifndef MPIN_CORE_CYCLOTOMIC_H_
#define MPIN_CORE_CYCLOTOMIC_H_

#include "fp12.h"

namespace mpin {

// The hard part of the final exponentiation over any model of the group: Group::sqr squares, Fp12
// has mul, conj and frobenius1, 2, 3.
template <class Group, class Fp12>
struct HardPartT {
  // pow_u: a^u by the signed digits of |u|; u is negative, so the result is conjugated.
  MPIN_NOINLINE static void pow_u(Fp12& r, const Fp12& a) {
    Fp12 inverse, t = a;
    Fp12::conj(inverse, a);
    for (int i = params::kUDigitCount - 2; i >= 0; i--) {
      Group::sqr(t, t);
      if (params::kUDigits[i] > 0) Fp12::mul(t, t, a);
      if (params::kUDigits[i] < 0) Fp12::mul(t, t, inverse);
    }
    Fp12::conj(r, t);
  }

  // final_exp_hard: r = f^(m(p⁴-p²+1)/r) with m = 2u(6u²+3u+1), prime to the group order
  // (Fuentes-Castañeda, Knapp, Rodríguez-Henríquez 2011, as organised by Duquesne and Ghammam,
  // eprint 2015/192). The generator of params.h asserts the decomposition in powers of p.
  static void final_exp_hard(Fp12& r, const Fp12& f) {
    Fp12 f2u, f6u2, a, b, t;
    pow_u(t, f);
    Group::sqr(f2u, t);    // 2u
    Group::sqr(t, f2u);    // 4u
    Fp12::mul(a, t, f2u);  // 6u
    pow_u(f6u2, a);        // 6u²
    Group::sqr(t, f6u2);   // 12u²
    pow_u(t, t);           // 12u³
    Fp12::mul(a, a, f6u2);
    Fp12::mul(a, a, t);  // 6u + 6u² + 12u³ = l2
    Fp12::conj(t, f2u);
    Fp12::mul(b, a, t);  // 4u + 6u² + 12u³ = l1
    Fp12::mul(t, a, f6u2);
    Fp12::mul(t, t, f);  // 1 + 6u + 12u² + 12u³ = l0
    Fp12 power;
    Fp12::frobenius1(power, b);
    Fp12::mul(t, t, power);
    Fp12::frobenius2(power, a);
    Fp12::mul(t, t, power);
    Fp12::conj(power, f);
    Fp12::mul(power, b, power);  // l3 = l1 - 1
    Fp12::frobenius3(power, power);
    Fp12::mul(r, t, power);
  }
};

template <class F>
struct CyclotomicT : HardPartT<CyclotomicT<F>, Fp12T<F>> {
  using Fp2 = Fp2T<F>;
  using Fp12 = Fp12T<F>;

  // fp4_sqr: (a + b·y)² with y² = xi: r0 = a² + xi·b², r1 = (a + b)² - a² - b².
  MPIN_NOINLINE static void fp4_sqr(Fp2& r0, Fp2& r1, const Fp2& a, const Fp2& b) {
    typename Fp2::Wide aa, bb, t;
    Fp2 s;
    Fp2::add(s, a, b);
    Fp2::sqr_wide(t, s);
    Fp2::sqr_wide(aa, a);
    Fp2::sqr_wide(bb, b);
    Fp2::wide_sub(t, t, aa);
    Fp2::wide_sub(t, t, bb);
    Fp2::redc(r1, t);
    Fp2::wide_mul_by_xi(bb, bb);
    Fp2::wide_add(aa, aa, bb);
    Fp2::redc(r0, aa);
  }

  MPIN_MEMBER_INLINE void triple_minus_double(Fp2& r, const Fp2& square, const Fp2& z) {
    Fp2 t;  // 3·square - 2z
    Fp2::sub(t, square, z);
    Fp2::dbl(t, t);
    Fp2::add(r, t, square);
  }
  MPIN_MEMBER_INLINE void triple_plus_double(Fp2& r, const Fp2& square, const Fp2& z) {
    Fp2 t;  // 3·square + 2z
    Fp2::add(t, square, z);
    Fp2::dbl(t, t);
    Fp2::add(r, t, square);
  }

  // sqr: r = a² for a in the subgroup: three squarings in Fp4 = Fp2[y]/(y² - xi), y = w³, on the
  // pairs (w^0, w^3), (w^1, w^4), (w^2, w^5), then 3·t ∓ 2·a coordinate by coordinate.
  MPIN_NOINLINE static void sqr(Fp12& r, const Fp12& a) {
    Fp2 t0, t1, t2, t3, t4, t5;
    fp4_sqr(t0, t1, a.c0.c0, a.c1.c1);
    fp4_sqr(t2, t3, a.c1.c0, a.c0.c2);
    fp4_sqr(t4, t5, a.c0.c1, a.c1.c2);
    triple_minus_double(r.c0.c0, t0, a.c0.c0);
    triple_plus_double(r.c1.c1, t1, a.c1.c1);
    triple_minus_double(r.c0.c1, t2, a.c0.c1);
    triple_plus_double(r.c1.c2, t3, a.c1.c2);
    triple_minus_double(r.c0.c2, t4, a.c0.c2);
    Fp2::mul_by_xi(t5, t5);
    triple_plus_double(r.c1.c0, t5, a.c1.c0);
  }

  // pow_vartime: a^e for a small public exponent.
  static void pow_vartime(Fp12& r, const Fp12& a, uint32_t e) {
    Fp12 t;
    Fp12::set_one(t);
    for (int i = 31; i >= 0; i--) {
      sqr(t, t);
      if (e >> i & 1) Fp12::mul(t, t, a);
    }
    r = t;
  }

  // final_exp_easy: r = f^((p⁶-1)(p²+1)), into the subgroup.
  template <class Inversion = void (*)(F&, const F&)>
  static void final_exp_easy(Fp12& r, const Fp12& f, Inversion invert = PowerT<F>::inv) {
    Fp12 t, inverse;
    Fp12::inv(inverse, f, invert);
    Fp12::conj(t, f);
    Fp12::mul(t, t, inverse);  // f^(p⁶-1)
    Fp12::frobenius2(inverse, t);
    Fp12::mul(r, t, inverse);
  }

  template <class Inversion = void (*)(F&, const F&)>
  static void final_exp(Fp12& r, const Fp12& f, Inversion invert = PowerT<F>::inv) {
    Fp12 t;
    final_exp_easy(t, f, invert);
    CyclotomicT::final_exp_hard(r, t);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_CYCLOTOMIC_H_
