// The Jacobi symbol in variable time, for public values: is an element a square? A quarter of the
// time of the square root that would tell.
//
// The division steps of inverse.h, in a form that keeps both numbers positive, so that the rules of
// Jacobi apply: (2|f) when g is halved, reciprocity when f and g change places. Steps are taken 62
// at a time on the low words (the variant of Bernstein and Yang's steps is Wuille's and Maxwell's
// in libsecp256k1; nothing is proved about its length, hence kRoundsMax).
#ifndef MPIN_CORE_JACOBI_H_
#define MPIN_CORE_JACOBI_H_

#include <utility>

#include "inverse.h"
#include "power.h"

namespace mpin {

template <class F>
struct JacobiT : InverseT<F> {
  using Inverse = InverseT<F>;
  using Matrix = typename Inverse::Matrix;
  using Signed62 = typename Inverse::Signed62;

  // 13 rounds are usual for 256 bits.
  static constexpr int kRoundsMax = 25;

  // positive_steps: 62 steps on f, odd, and g; bit 0 of *sign changes with the symbol. All entries
  // of the result are below 2^62 in size and positive, but for the overflow of words at hand.
  static Matrix positive_steps(int64_t* eta, uint64_t f, uint64_t g, uint64_t* sign) {
    uint64_t u = 1, v = 0, q = 0, r = 1;
    int64_t left = 62;
    for (;;) {
      const int zeros = __builtin_ctzll(g | ~uint64_t{0} << left);
      g >>= zeros;
      u <<= zeros;
      v <<= zeros;
      *eta -= zeros;
      left -= zeros;
      *sign ^= static_cast<uint64_t>(zeros) & (f >> 1 ^ f >> 2);  // (2|f) = -1 for f = 3, 5 mod 8
      if (left == 0) break;
      if (*eta < 0) {
        *eta = -*eta;
        *sign ^= (f & g) >> 1;  // Reciprocity: -1 when both are 3 mod 4.
        std::swap(f, g);
        std::swap(u, q);
        std::swap(v, r);
      }
      // A multiple w·f clears as many low bits of g as there may be steps before the next exchange,
      // six at most: -1/f = f·(f² - 2) mod 64.
      const int64_t free_steps = *eta + 1 < left ? *eta + 1 : left;
      const uint64_t mask = (~uint64_t{0} >> (64 - free_steps)) & 63;
      const uint64_t w = f * g * (f * f - 2) & mask;
      g += f * w;
      q += u * w;
      r += v * w;
    }
    return {static_cast<int64_t>(u), static_cast<int64_t>(v), static_cast<int64_t>(q),
            static_cast<int64_t>(r)};
  }

  static bool is_one(const Signed62& a) {
    int64_t high = 0;
    for (int i = 1; i < Inverse::kWords; i++)
      high |= a.w[i];
    return a.w[0] == 1 && high == 0;
  }

  // is_square_vartime: zero is a square. The Montgomery factor 2^256 is one, so it does not matter.
  MPIN_NOINLINE static bool is_square_vartime(const F& a) {
    if (F::is_zero(a)) return true;
    Signed62 f = Inverse::kModulus62, g = Inverse::from_words(a.l);
    int64_t eta = -1;
    uint64_t sign = 0;
    for (int i = 0; i < kRoundsMax; i++) {
      const auto low = [](const Signed62& x) {
        return static_cast<uint64_t>(x.w[0]) | static_cast<uint64_t>(x.w[1]) << 62;
      };
      const Matrix t = positive_steps(&eta, low(f), low(g), &sign);
      Inverse::apply(f, g, t);
      if (is_one(f)) return (sign & 1) == 0;
    }
    F root;
    return PowerT<F>::sqrt(root, a) != 0;
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_JACOBI_H_
