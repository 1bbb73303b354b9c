// Powers with a public exponent over any base field, and what is made of them: inverse, square
// root.
#ifndef MPIN_CORE_POWER_H_
#define MPIN_CORE_POWER_H_

#include "field.h"

namespace mpin {

// PowerT: a^e with windows of 5 bits that slide over the exponent (Handbook of Applied
// Cryptography, 14.85). The steps depend on the exponent only: constant-time in a.
template <class F>
struct PowerT {
  static constexpr int kWindow = 5;

  MPIN_MEMBER_INLINE int bit(const uint64_t e[4], int i) {
    return static_cast<int>(e[i >> 6] >> (i & 63) & 1);
  }

  // pow: r = a^e for e > 0. r may alias a.
  MPIN_NOINLINE static void pow(F& r, const F& a, const uint64_t e[4]) {
    F odd[1 << (kWindow - 1)];  // a, a³, …, a³¹
    F square;
    F::sqr(square, a);
    odd[0] = a;
    for (int i = 1; i < 1 << (kWindow - 1); i++)
      F::mul(odd[i], odd[i - 1], square);

    int i = 255;
    while (bit(e, i) == 0)
      i--;
    bool started = false;
    F t = a;
    while (i >= 0) {
      if (bit(e, i) == 0) {
        F::sqr(t, t);
        i--;
        continue;
      }
      int low = i - kWindow + 1 < 0 ? 0 : i - kWindow + 1;
      while (bit(e, low) == 0)
        low++;
      int digit = 0;
      for (int j = i; j >= low; j--) {
        digit = 2 * digit + bit(e, j);
        if (started) F::sqr(t, t);
      }
      if (started) {
        F::mul(t, t, odd[digit >> 1]);
      } else {
        t = odd[digit >> 1];
        started = true;
      }
      i = low - 1;
    }
    r = t;
  }

  // inv: a^(m-2), by Fermat; the inverse of zero is zero. Constant-time.
  static void inv(F& r, const F& a) { pow(r, a, F::Modulus::kMinus2); }

  // sqrt: a^((m+1)/4), the root that is itself a square, for m = 3 mod 4. The mask tells whether a
  // is a square; otherwise r² = -a.
  static typename F::Mask sqrt(F& r, const F& a) {
    F root, check;
    pow(root, a, F::Modulus::kSqrtExponent);
    F::sqr(check, root);
    const typename F::Mask is_square = F::equal(check, a);
    r = root;
    return is_square;
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_POWER_H_
