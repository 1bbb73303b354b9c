// One product of two pairings spread over the lanes: all lines of the loop are evaluated eight at a
// time beforehand, then Fp12 goes through the loop with a coefficient in each lane. A third of the
// time of a scalar kernel.
#ifndef MPIN_ARCH_CHECK_IFMA_H_
#define MPIN_ARCH_CHECK_IFMA_H_

#include "fp12_ifma.h"
#include "inverse.h"
#include "pairing_ifma.h"

namespace mpin::ifma {

template <class S>
struct PairingCheck {
  using Scalar = PairingT<S>;

  // The products of both lines of eight steps; powers[i] is the coefficient of w^i in each.
  struct LineProducts {
    Fp2Factors powers[5];
  };
  static constexpr int kGroups = (params::kLineCount + 7) / 8;

  MPIN_MEMBER_INLINE void broadcast(FpX8& r, const S& a) {
    uint64_t limbs[5];
    pack_element(limbs, a);
    FpX8::broadcast(r, limbs);
  }

  // gather_lines: lines n to n + 7, the last one again where there are no more.
  static void gather_lines(Pairing8::Line& r, const PackedLines& q, int n) {
    constexpr int stride = sizeof(PackedLines::Line) / 8;
    alignas(64) int64_t index[8];
    for (int i = 0; i < 8; i++)
      index[i] = stride * (n + i < params::kLineCount ? n + i : params::kLineCount - 1);
    const V offsets = _mm512_load_si512(index);
    const auto gather = [&](FpX8& out, const uint64_t* limbs) {
      for (int i = 0; i < 5; i++)
        out.l[i] = _mm512_i64gather_epi64(offsets, limbs + i, 8);
      MPIN_BOUND(FpX8::set_bound(out, 1));
    };
    gather(r.a.c0, q.lines[0].a0);
    gather(r.a.c1, q.lines[0].a1);
    gather(r.b.c0, q.lines[0].b0);
    gather(r.b.c1, q.lines[0].b1);
  }

  static void evaluate_lines(LineProducts* r, const Pairing8::G1Prepared& p1, const PackedLines& q1,
                             const Pairing8::G1Prepared& p2, const PackedLines& q2) {
    for (int g = 0; g < kGroups; g++) {
      Pairing8::Line l1, l2;
      gather_lines(l1, q1, 8 * g);
      gather_lines(l2, q2, 8 * g);
      Fp12T<FpX8> product;
      Pairing8::mul_by_lines(product, true, l1, p1, l2, p2);
      for (int i = 0; i < 5; i++) {
        const Fp2T<FpX8>& c = Fp12T<FpX8>::coefficient(product, i);
        Fp12Lanes::factors(r[g].powers[i], c.c0, c.c1);
      }
    }
  }

  static void miller(Fp12Lanes& f, const LineProducts* lines) {
    Fp12Lanes::set_one(f);
    miller_loop(
        f, [](Fp12Lanes& g) { Fp12Lanes::sqr(g, g); },
        [&](Fp12Lanes& g, int n) {
          const Fp2Factors* p = lines[n / 8].powers;
          const Fp2Factors* const factors[5] = {p, p + 1, p + 2, p + 3, p + 4};
          const int lane[5] = {n % 8, n % 8, n % 8, n % 8, n % 8};
          Fp12Lanes::mul_terms<5>(g, factors, lane, g);
        });
  }

  // inv_vartime: with s = f·conj(f) in Fp6, the norm of s to Fp2 is s·s^(p²)·s^(p⁴).
  static void inv_vartime(Fp12Lanes& r, const Fp12Lanes& f) {
    Fp12Lanes conj, s, s2, s4, norm;
    Fp12Lanes::conj(conj, f);
    Fp12Lanes::mul(s, f, conj);
    Fp12Lanes::frobenius2(s2, s);
    Fp12Lanes::frobenius2(s4, s2);
    Fp12Lanes::mul(s2, s2, s4);
    Fp12Lanes::mul(norm, s, s2);
    uint64_t re[32], im[32];
    to_scalar(re, norm.re);
    to_scalar(im, norm.im);
    S a, b, t, u;
    std::memcpy(a.l, re, sizeof a.l);
    std::memcpy(b.l, im, sizeof b.l);
    S::sqr(t, a);
    S::sqr(u, b);
    S::add(t, t, u);
    InverseT<S>::inv_vartime(t, t);
    S::mul(a, a, t);
    S::mul(b, b, t);
    S::neg(b, b);
    Fp2Factors inverse;
    FpX8 c, d;
    broadcast(c, a);
    broadcast(d, b);
    Fp12Lanes::factors(inverse, c, d);
    const Fp2Factors* const factors[1] = {&inverse};
    constexpr int lane[1] = {0};
    Fp12Lanes::mul(conj, conj, s2);
    Fp12Lanes::mul_terms<1>(r, factors, lane, conj);
  }

  static void final_exp(Fp12Lanes& r, const Fp12Lanes& f) {
    Fp12Lanes t, u;
    inv_vartime(t, f);
    Fp12Lanes::conj(u, f);
    Fp12Lanes::mul(t, t, u);  // f^(p⁶-1)
    Fp12Lanes::frobenius2(u, t);
    Fp12Lanes::mul(t, t, u);
    CyclotomicLanes::final_exp_hard(r, t);
  }

  // value_vartime: e(a, Q)·e(b, s·Q).
  MPIN_NOINLINE static void value_vartime(Fp12Lanes& r, const typename G1T<S>::Jacobian& a,
                                          const PackedLines& q, const typename G1T<S>::Jacobian& b,
                                          const PackedLines& secret) {
    typename Scalar::G1Prepared p1, p2;
    Scalar::prepare_g1(p1, p2, a, b, InverseT<S>::inv_vartime);
    Pairing8::G1Prepared lanes1, lanes2;
    broadcast(lanes1.x_over_y, p1.x_over_y);
    broadcast(lanes1.y_inverse, p1.y_inverse);
    broadcast(lanes2.x_over_y, p2.x_over_y);
    broadcast(lanes2.y_inverse, p2.y_inverse);
    LineProducts lines[kGroups];
    evaluate_lines(lines, lanes1, q, lanes2, secret);
    miller(r, lines);
    final_exp(r, r);
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_CHECK_IFMA_H_
