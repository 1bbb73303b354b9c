// Which elements of Fp are squares, for sixteen at once, by the Jacobi symbol: a third of the
// time of a square root.
//
// Division steps (Bernstein, Yang, eprint 2019/266) with a sum where they take a difference, so
// that both numbers stay positive and reciprocity needs no signs (the variant of libsecp256k1,
// after Hamburg, eprint 2021/1271): for odd f and g > 0
//   g odd and delta > 0   (delta, f, g) -> (1 - delta, g, (f + g)/2)
//   g odd                 (delta, f, g) -> (1 + delta, f, (f + g)/2)
//   g even                (delta, f, g) -> (1 + delta, f, g/2)
// Exchanging f and g changes the sign of (g/f) when both are 3 mod 4, halving when f is 3 or 5
// mod 8. At f = 1 the symbol is known. All of some 750 steps depend on low bits only, so thirty at
// a time are done on one word, collected in a matrix of positive entries below 2^31.
#ifndef MPIN_ARCH_JACOBI_IFMA_H_
#define MPIN_ARCH_JACOBI_IFMA_H_

#include "lanes_ifma.h"

namespace mpin::ifma {

struct Jacobi16 {
  static constexpr int kSteps = 30;
  // That f = 1 is reached is not proven: random p take 676 … 853 steps. 54 rounds are 1620.
  static constexpr int kRounds = 54;

  struct State {
    V f[5], g[5];
    V delta;
    V sign;    // Bit 1 counts the changes of sign.
    V uv, qr;  // The matrix, u and q in the low halves of the words.
  };

  MPIN_MEMBER_INLINE void step(V& f, V& g, State& s) {
    const V one = FpX8::word(1), zero = _mm512_setzero_si512();
    const __mmask8 odd = _mm512_test_epi64_mask(g, one);
    const __mmask8 exchange = _mm512_mask_cmpgt_epi64_mask(odd, s.delta, zero);
    s.sign = _mm512_mask_ternarylogic_epi64(s.sign, exchange, f, g, 0x78);  // sign ^ (f & g)
    const V old_g = g, old_qr = s.qr;
    g = _mm512_srli_epi64(_mm512_mask_add_epi64(g, odd, g, f), 1);
    f = _mm512_mask_mov_epi64(f, exchange, old_g);
    s.qr = _mm512_mask_add_epi64(s.qr, odd, s.qr, s.uv);
    s.uv = _mm512_slli_epi64(_mm512_mask_mov_epi64(s.uv, exchange, old_qr), 1);
    s.delta = FpX8::plus(_mm512_mask_sub_epi64(s.delta, exchange, zero, s.delta), one);
    // sign ^ f ^ (f >> 1): bit 1 is that of f = 3 or 5 mod 8.
    s.sign = _mm512_ternarylogic_epi64(s.sign, f, _mm512_srli_epi64(f, 1), 0x96);
  }

  // combine: r = (a·f + b·g)/2^30, exact.
  MPIN_MEMBER_INLINE void combine(V r[5], V a, const V f[5], V b, const V g[5]) {
    V t[6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++)
      t[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      t[i] = FpX8::lo(FpX8::lo(t[i], a, f[i]), b, g[i]);
      t[i + 1] = FpX8::hi(FpX8::hi(t[i + 1], a, f[i]), b, g[i]);
    }
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      t[i + 1] = FpX8::plus(t[i + 1], _mm512_srli_epi64(t[i], 52));
    // Bits 30 … 51 of a limb and 0 … 29 of the next.
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      r[i] = FpX8::plus(_mm512_srli_epi64(FpX8::low_bits(t[i]), kSteps),
                        FpX8::low_bits(_mm512_slli_epi64(t[i + 1], 52 - kSteps)));
  }

  MPIN_MEMBER_INLINE void apply(State& s) {
    const V low = FpX8::word(0xffffffff);
    V f[5];
    combine(f, _mm512_and_si512(s.uv, low), s.f, _mm512_srli_epi64(s.uv, 32), s.g);
    combine(s.g, _mm512_and_si512(s.qr, low), s.f, _mm512_srli_epi64(s.qr, 32), s.g);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
      s.f[i] = f[i];
  }

  MPIN_MEMBER_INLINE void start(State& s, const FpX8& a) {
    FpX8 t;
    FpX8::canonical(t, a);
    for (int i = 0; i < 5; i++) {
      s.f[i] = FpX8::word(kP.l[i]);
      s.g[i] = t.l[i];
    }
    s.delta = FpX8::word(1);
    s.sign = _mm512_setzero_si512();
  }

  MPIN_MEMBER_INLINE __mmask8 finished(const State& s) {
    const V rest =
        _mm512_or_si512(_mm512_or_si512(s.f[1], s.f[2]), _mm512_or_si512(s.f[3], s.f[4]));
    return _mm512_mask_testn_epi64_mask(_mm512_cmpeq_epi64_mask(s.f[0], FpX8::word(1)), rest, rest);
  }

  // are_squares_vartime: square[h] tells which lanes of a[h] are squares, for elements that are not
  // zero. R = 2^260 is a square, so the Montgomery form does not matter. Lanes not decided after
  // the given rounds are told by known[h].
  MPIN_NOINLINE static void are_squares_vartime(FpX8::Mask square[2], FpX8::Mask known[2],
                                                const FpX8 a[2], int rounds = kRounds) {
    State s[2];
    start(s[0], a[0]);
    start(s[1], a[1]);
    __mmask8 done[2];
    do {
      V f[2], g[2];
      for (int h = 0; h < 2; h++) {
        f[h] = s[h].f[0];
        g[h] = s[h].g[0];
        s[h].uv = FpX8::word(1);
        s[h].qr = FpX8::word(uint64_t{1} << 32);
      }
      for (int i = 0; i < kSteps; i++) {
        step(f[0], g[0], s[0]);
        step(f[1], g[1], s[1]);
      }
      apply(s[0]);
      apply(s[1]);
      done[0] = finished(s[0]);
      done[1] = finished(s[1]);
    } while ((done[0] & done[1]) != 0xff && --rounds > 0);
    for (int h = 0; h < 2; h++) {
      known[h] = FpX8::Mask{done[h]};
      square[h] = FpX8::Mask{_mm512_testn_epi64_mask(s[h].sign, FpX8::word(2))} & known[h];
    }
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_JACOBI_IFMA_H_
