// The optimal ate pairing (Vercauteren, eprint 2008/096) with the G2 side prepared.
//
// e(P, Q) = (f_{6u+2,Q}(P) · l_{[6u+2]Q, pi(Q)}(P) · l_{[6u+2]Q+pi(Q), -pi²(Q)}(P))^((p^12-1)/r).
// u is negative: the loop runs over |6u+2|, then f is conjugated and the running point negated;
// what that drops lies in Fp6 and dies in the final exponentiation.
//
// A line through T with slope l on the twist becomes, at P and divided by y_P (a factor in Fp,
// which dies too), 1 - l·(x_P/y_P)·w + (l·x_T - y_T)·(1/y_P)·w³. Preparation stores -l and l·x_T -
// y_T: no point arithmetic is left in the loop (Costello, Stebila, LATINCRYPT 2010).
#ifndef MPIN_CORE_PAIRING_H_
#define MPIN_CORE_PAIRING_H_

#include "cyclotomic.h"
#include "g1.h"
#include "g2.h"

namespace mpin {

template <class F>
struct PairingT {
  using Fp2 = Fp2T<F>;
  using Fp6 = Fp6T<F>;
  using Fp12 = Fp12T<F>;
  using G1 = G1T<F>;
  using G2 = G2T<F>;

  struct Line {
    Fp2 a, b;  // -slope and slope·x_T - y_T
  };
  struct G2Prepared {
    Line lines[params::kLineCount];
  };
  // A point of G1 as the lines need it. Infinity is (0, 0), where every line is 1 and so the
  // pairing.
  struct G1Prepared {
    F x_over_y, y_inverse;
  };

  // --- Preparation. Constant-time in the point: it may be a server secret.
  // ------------------------

  // step: the line through t and q (the tangent when tangent), and t += q. No exceptions: the
  // running point is a multiple of a point of large prime order, never ± the point added.
  static void step(Line& line, typename G2::Affine& t, const typename G2::Affine& q, bool tangent) {
    Fp2 slope, denominator, x;
    if (tangent) {
      Fp2::sqr(slope, t.x);
      Fp2::dbl(denominator, slope);
      Fp2::add(slope, slope, denominator);
      Fp2::dbl(denominator, t.y);
    } else {
      Fp2::sub(slope, q.y, t.y);
      Fp2::sub(denominator, q.x, t.x);
    }
    Fp2::inv(denominator, denominator);
    Fp2::mul(slope, slope, denominator);
    Fp2::neg(line.a, slope);
    Fp2::mul(line.b, slope, t.x);
    Fp2::sub(line.b, line.b, t.y);
    Fp2::sqr(x, slope);
    Fp2::sub(x, x, t.x);
    Fp2::sub(x, x, q.x);
    // y = slope·(x_T - x) - y_T = -(slope·x) + b
    Fp2::mul(slope, slope, x);
    Fp2::sub(t.y, line.b, slope);
    t.x = x;
  }

  static void prepare(G2Prepared& r, const typename G2::Affine& q) {
    typename G2::Affine t = q, minus;
    G2::neg(minus, q);
    int n = 0;
    for (int i = params::kLoopDigitCount - 2; i >= 0; i--) {
      step(r.lines[n++], t, t, true);
      if (params::kLoopDigits[i] > 0) step(r.lines[n++], t, q, false);
      if (params::kLoopDigits[i] < 0) step(r.lines[n++], t, minus, false);
    }
    G2::neg(t, t);
    typename G2::Projective image;
    G2::from_affine(image, q);
    G2::psi(image, image);
    step(r.lines[n++], t, {image.x, image.y}, false);
    G2::psi(image, image);
    Fp2::neg(image.y, image.y);
    step(r.lines[n++], t, {image.x, image.y}, false);
    MPIN_CHECK(n == params::kLineCount);
    secret_wipe(&t, sizeof t);
    secret_wipe(&minus, sizeof minus);
    secret_wipe(&image, sizeof image);
  }

  // prepare_g1: x/y and 1/y of two points in Jacobian coordinates with one inversion of y1·y2:
  // x/y = X·Z/Y and 1/y = Z³/Y. Y is never zero: there is no point of order two.
  template <class Inversion>
  static void prepare_g1(G1Prepared& r1, G1Prepared& r2, const typename G1::Jacobian& a,
                         const typename G1::Jacobian& b, Inversion invert) {
    F inverse, inverse_a, inverse_b;
    F::mul(inverse, a.y, b.y);
    invert(inverse, inverse);
    F::mul(inverse_a, inverse, b.y);
    F::mul(inverse_b, inverse, a.y);
    finish_g1(r1, a, inverse_a);
    finish_g1(r2, b, inverse_b);
  }
  MPIN_MEMBER_INLINE void finish_g1(G1Prepared& r, const typename G1::Jacobian& a,
                                    const F& y_inverse) {
    F t;
    F::mul(t, a.z, y_inverse);
    F::mul(r.x_over_y, a.x, t);
    F::mul(t, t, a.z);
    F::mul(r.y_inverse, t, a.z);
  }

  // --- Loop
  // -----------------------------------------------------------------------------------------

  // mul_by_lines: f *= l1(P1)·l2(P2). With l = 1 + a·w + b·w³ the product of two lines is
  // (1 + xi·b1b2) + (a1+a2)w + a1a2·w² + (b1+b2)w³ + (a1b2+a2b1)w⁴: three products of Fp2.
  MPIN_NOINLINE static void mul_by_lines(Fp12& f, bool first, const Line& l1, const G1Prepared& p1,
                                         const Line& l2, const G1Prepared& p2) {
    Fp2 a1, b1, a2, b2, e0, e1;
    Fp6 d;
    Fp2::mul_by_base(a1, l1.a, p1.x_over_y);
    Fp2::mul_by_base(b1, l1.b, p1.y_inverse);
    Fp2::mul_by_base(a2, l2.a, p2.x_over_y);
    Fp2::mul_by_base(b2, l2.b, p2.y_inverse);
    typename Fp2::Wide aa, bb, t;
    Fp2::add(e0, a1, a2);
    Fp2::add(e1, b1, b2);
    Fp2::mul_wide(aa, a1, a2);
    Fp2::mul_wide(bb, b1, b2);
    Fp6::cross(t, a1, b1, a2, b2, aa, bb);
    Fp2::redc(d.c2, t);
    Fp2::redc(d.c1, aa);
    Fp2::redc(d.c0, bb);
    Fp2::mul_by_xi(d.c0, d.c0);
    F one;
    F::set_one(one);
    F::add(d.c0.c0, d.c0.c0, one);
    if (first) {
      f.c0 = d;
      f.c1.c0 = e0;
      f.c1.c1 = e1;
      Fp2::set_zero(f.c1.c2);
    } else {
      Fp12::mul_by_01234(f, f, d, e0, e1);
    }
  }

  // miller2: the product of two Miller loops with shared squarings.
  MPIN_NOINLINE static void miller2(Fp12& f, const G1Prepared& p1, const G2Prepared& q1,
                                    const G1Prepared& p2, const G2Prepared& q2) {
    int n = 0;
    for (int i = params::kLoopDigitCount - 2; i >= 0; i--) {
      const bool first = i == params::kLoopDigitCount - 2;
      if (!first) Fp12::sqr(f, f);
      mul_by_lines(f, first, q1.lines[n], p1, q2.lines[n], p2);
      n++;
      if (params::kLoopDigits[i] == 0) continue;
      mul_by_lines(f, false, q1.lines[n], p1, q2.lines[n], p2);
      n++;
    }
    Fp12::conj(f, f);  // u is negative.
    for (; n < params::kLineCount; n++)
      mul_by_lines(f, false, q1.lines[n], p1, q2.lines[n], p2);
  }

  // miller1: one Miller loop, as a product with the pairing of infinity.
  static void miller1(Fp12& f, const G1Prepared& p, const G2Prepared& q) {
    G1Prepared infinity;
    F::set_zero(infinity.x_over_y);
    F::set_zero(infinity.y_inverse);
    miller2(f, p, q, infinity, q);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_PAIRING_H_
