// Eight products of two pairings side by side, e(P, Q)·e(R, s·Q) with Q and s·Q the same in all
// lanes: the loop of core/pairing.h over lines that are stored once and broadcast when they are
// used.
#ifndef MPIN_ARCH_PAIRING_IFMA_H_
#define MPIN_ARCH_PAIRING_IFMA_H_

#include "lanes_ifma.h"
#include "pairing.h"

namespace mpin::ifma {

using Pairing8 = PairingT<FpX8>;

// The lines of a G2 point, R = 2^260: a quarter of the size of eight lanes stays in the cache.
struct PackedLines {
  struct Line {
    uint64_t a0[5], a1[5], b0[5], b1[5];
  };
  Line lines[params::kLineCount];
};

// pack_element: from the form of the scalar kernel S, constant-time.
template <class S>
MPIN_INLINE void pack_element(uint64_t r[5], const S& a) {
  S t;  // a·2^256 becomes a·2^260.
  S::dbl(t, a);
  S::dbl(t, t);
  S::dbl(t, t);
  S::dbl(t, t);
  const Limbs52 limbs = limbs52(t.l);
  for (int i = 0; i < 5; i++)
    r[i] = limbs.l[i];
}

template <class S>
void pack_lines(PackedLines& r, const typename PairingT<S>::G2Prepared& prepared) {
  for (int i = 0; i < params::kLineCount; i++) {
    pack_element(r.lines[i].a0, prepared.lines[i].a.c0);
    pack_element(r.lines[i].a1, prepared.lines[i].a.c1);
    pack_element(r.lines[i].b0, prepared.lines[i].b.c0);
    pack_element(r.lines[i].b1, prepared.lines[i].b.c1);
  }
}

MPIN_INLINE void unpack_line(Pairing8::Line& r, const PackedLines::Line& line) {
  FpX8::broadcast(r.a.c0, line.a0);
  FpX8::broadcast(r.a.c1, line.a1);
  FpX8::broadcast(r.b.c0, line.b0);
  FpX8::broadcast(r.b.c1, line.b1);
}

// miller_loop: the loop of core/pairing.h. sqr(f) and mul(f, n), by the lines with index n.
template <class Fp12, class Sqr, class Mul>
MPIN_INLINE void miller_loop(Fp12& f, Sqr sqr, Mul mul) {
  int n = 0;
  for (int i = params::kLoopDigitCount - 2; i >= 0; i--) {
    if (n > 0) sqr(f);
    mul(f, n++);
    if (params::kLoopDigits[i] != 0) mul(f, n++);
  }
  Fp12::conj(f, f);  // u is negative.
  while (n < params::kLineCount)
    mul(f, n++);
}

struct Miller8 {
  using Fp12 = Fp12T<FpX8>;

  MPIN_NOINLINE static void run(Fp12& f, const Pairing8::G1Prepared& p1, const PackedLines& q1,
                                const Pairing8::G1Prepared& p2, const PackedLines& q2) {
    miller_loop(
        f, [](Fp12& g) { Fp12::sqr(g, g); },
        [&](Fp12& g, int n) {
          Pairing8::Line l1, l2;
          unpack_line(l1, q1.lines[n]);
          unpack_line(l2, q2.lines[n]);
          Pairing8::mul_by_lines(g, n == 0, l1, p1, l2, p2);
        });
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_PAIRING_IFMA_H_
