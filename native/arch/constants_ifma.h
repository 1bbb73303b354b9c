// The constants of Fp in five limbs of 52 bits, R = 2^260, derived from those of core/params.h by
// the compiler. Nothing is typed in twice.
#ifndef MPIN_ARCH_CONSTANTS_IFMA_H_
#define MPIN_ARCH_CONSTANTS_IFMA_H_

#include "base.h"
#include "params.h"

namespace mpin::ifma {

inline constexpr uint64_t kLimbMask = (uint64_t{1} << 52) - 1;

// A number below 2^260 in limbs of 52 bits, lowest first.
struct Limbs52 {
  uint64_t l[5];
};

constexpr Limbs52 limbs52(const uint64_t w[4]) {
  return {{w[0] & kLimbMask, (w[0] >> 52 | w[1] << 12) & kLimbMask,
           (w[1] >> 40 | w[2] << 24) & kLimbMask, (w[2] >> 28 | w[3] << 36) & kLimbMask,
           w[3] >> 16}};
}

constexpr Limbs52 sum(const Limbs52& a, const Limbs52& b) {
  Limbs52 r = {};
  uint64_t carry = 0;
  for (int i = 0; i < 5; i++) {
    const uint64_t t = a.l[i] + b.l[i] + carry;
    r.l[i] = t & kLimbMask;
    carry = t >> 52;
  }
  return r;
}

// reduced: a mod p for a < 2p.
constexpr Limbs52 reduced(const Limbs52& a, const Limbs52& p) {
  Limbs52 r = {};
  uint64_t borrow = 0;
  for (int i = 0; i < 5; i++) {
    const uint64_t t = a.l[i] - p.l[i] - borrow;
    r.l[i] = t & kLimbMask;
    borrow = t >> 63;
  }
  return borrow ? a : r;
}

// shifted: a·2^n mod p for a < p.
constexpr Limbs52 shifted(Limbs52 a, const Limbs52& p, int n) {
  for (int i = 0; i < n; i++)
    a = reduced(sum(a, a), p);
  return a;
}

inline constexpr Limbs52 kP = limbs52(params::ModulusP::kModulus);
inline constexpr Limbs52 k2P = sum(kP, kP);
inline constexpr uint64_t kMinusInverse52 = params::ModulusP::kMinusInverse & kLimbMask;

// Powers of two mod p: 2^260 is one in Montgomery form; a product with 2^520 enters the form, one
// with 2^264 comes from the form of R = 2^256 and one with 2^256 goes back to it.
inline constexpr Limbs52 kTo256 = limbs52(params::ModulusP::kR);
inline constexpr Limbs52 kOne = shifted(kTo256, kP, 4);
inline constexpr Limbs52 kFrom256 = shifted(kOne, kP, 4);
inline constexpr Limbs52 kR2 = shifted(limbs52(params::ModulusP::kR2), kP, 8);

// beta² = -1 - beta.
constexpr Limbs52 minus(const Limbs52& a, const Limbs52& p) {
  Limbs52 r = {};
  uint64_t borrow = 0;
  for (int i = 0; i < 5; i++) {
    const uint64_t t = p.l[i] - a.l[i] - borrow;
    r.l[i] = t & kLimbMask;
    borrow = t >> 63;
  }
  return r;
}
constexpr Limbs52 from_constant(const params::FpConstant& c) {
  return {{c.r260[0], c.r260[1], c.r260[2], c.r260[3], c.r260[4]}};
}
inline constexpr Limbs52 kBeta2 = minus(reduced(sum(kOne, from_constant(params::kBeta)), kP), kP);

// 0, p, 2p … 15p, limb by limb, to be picked by a quotient.
struct MultiplesOfP {
  alignas(64) uint64_t limbs[5][16];
};
constexpr MultiplesOfP make_multiples() {
  MultiplesOfP r = {};
  Limbs52 multiple = {};
  for (int k = 0; k < 16; k++) {
    for (int i = 0; i < 5; i++)
      r.limbs[i][k] = multiple.l[i];
    multiple = sum(multiple, kP);
  }
  return r;
}
inline constexpr MultiplesOfP kMultiplesOfP = make_multiples();

static_assert(kMinusInverse52 * kP.l[0] % (kLimbMask + 1) == kLimbMask);

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_CONSTANTS_IFMA_H_
