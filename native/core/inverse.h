// Inversion modulo an odd number in variable time, for public values: the division steps of
// Bernstein and Yang (eprint 2019/266), 62 at a time on the low words, several at once where
// trailing zeros allow it. A quarter of the time of a power with exponent m - 2.
#ifndef MPIN_CORE_INVERSE_H_
#define MPIN_CORE_INVERSE_H_

#include "field.h"

namespace mpin {

template <class F>
struct InverseT {
  using M = typename F::Modulus;

  static constexpr int kWords = 5;
  static constexpr int64_t kMask = static_cast<int64_t>((uint64_t{1} << 62) - 1);

  // Σ w[i]·2^62i; the top word has the sign.
  struct Signed62 {
    int64_t w[kWords];
  };
  // 2^62 times what 62 division steps do to (f, g).
  struct Matrix {
    int64_t u, v, q, r;
  };

  static constexpr Signed62 from_words(const uint64_t a[4]) {
    return {
        {static_cast<int64_t>(a[0] & kMask), static_cast<int64_t>((a[0] >> 62 | a[1] << 2) & kMask),
         static_cast<int64_t>((a[1] >> 60 | a[2] << 4) & kMask),
         static_cast<int64_t>((a[2] >> 58 | a[3] << 6) & kMask), static_cast<int64_t>(a[3] >> 56)}};
  }
  static constexpr Signed62 kModulus62 = from_words(M::kModulus);
  // m^-1 mod 2^62.
  static constexpr uint64_t kInverse62 = (0 - M::kMinusInverse) & static_cast<uint64_t>(kMask);

  // steps: delta is replaced by what it is after 62 division steps; f is odd.
  static Matrix steps(int64_t* delta, uint64_t f, uint64_t g) {
    Matrix t = {1, 0, 0, 1};
    int64_t eta = -*delta;
    int left = 62;
    for (;;) {
      const int zeros = __builtin_ctzll(g | ~uint64_t{0} << left);
      g >>= zeros;
      t.u = static_cast<int64_t>(static_cast<uint64_t>(t.u) << zeros);
      t.v = static_cast<int64_t>(static_cast<uint64_t>(t.v) << zeros);
      eta -= zeros;
      left -= zeros;
      if (left == 0) break;
      if (eta < 0) {
        eta = -eta;
        t = {t.q, t.r, -t.u, -t.v};
        const uint64_t old = f;
        f = g;
        g = 0 - old;
      }
      // Adding w·f clears the low bits of g: as many steps as may pass before the next exchange,
      // and no more than 4 bits, for which w = -g/f is one product: f·(2 - f²)... f(f² - 2) = -1/f
      // mod 64 for odd f.
      const int64_t free_steps = eta + 1 < left ? eta + 1 : left;
      const uint64_t mask = (~uint64_t{0} >> (64 - free_steps)) & 63;
      const uint64_t w = f * g * (f * f - 2) & mask;
      g += f * w;
      t.q += t.u * static_cast<int64_t>(w);
      t.r += t.v * static_cast<int64_t>(w);
    }
    *delta = -eta;
    return t;
  }

  // apply: (f, g) = t·(f, g)/2^62, exact.
  static void apply(Signed62& f, Signed62& g, const Matrix& t) {
    int128_t cf = 0, cg = 0;
    for (int i = 0; i < kWords; i++) {
      cf += static_cast<int128_t>(t.u) * f.w[i] + static_cast<int128_t>(t.v) * g.w[i];
      cg += static_cast<int128_t>(t.q) * f.w[i] + static_cast<int128_t>(t.r) * g.w[i];
      if (i > 0) {
        f.w[i - 1] = static_cast<int64_t>(cf) & kMask;
        g.w[i - 1] = static_cast<int64_t>(cg) & kMask;
      }
      cf >>= 62;
      cg >>= 62;
    }
    f.w[kWords - 1] = static_cast<int64_t>(cf);
    g.w[kWords - 1] = static_cast<int64_t>(cg);
  }

  // apply_modular: (d, e) = t·(d, e)/2^62 mod m. In, out: (-2m, m). Multiples of m are added, first
  // to make negative inputs positive, then so that 2^62 divides the sums.
  static void apply_modular(Signed62& d, Signed62& e, const Matrix& t) {
    const int64_t sign_d = d.w[kWords - 1] >> 63, sign_e = e.w[kWords - 1] >> 63;
    int64_t md = (t.u & sign_d) + (t.v & sign_e), me = (t.q & sign_d) + (t.r & sign_e);
    int128_t cd = static_cast<int128_t>(t.u) * d.w[0] + static_cast<int128_t>(t.v) * e.w[0];
    int128_t ce = static_cast<int128_t>(t.q) * d.w[0] + static_cast<int128_t>(t.r) * e.w[0];
    md -=
        static_cast<int64_t>((kInverse62 * static_cast<uint64_t>(cd) + static_cast<uint64_t>(md)) &
                             static_cast<uint64_t>(kMask));
    me -=
        static_cast<int64_t>((kInverse62 * static_cast<uint64_t>(ce) + static_cast<uint64_t>(me)) &
                             static_cast<uint64_t>(kMask));
    cd += static_cast<int128_t>(kModulus62.w[0]) * md;
    ce += static_cast<int128_t>(kModulus62.w[0]) * me;
    MPIN_CHECK((static_cast<int64_t>(cd) & kMask) == 0 && (static_cast<int64_t>(ce) & kMask) == 0);
    for (int i = 1; i < kWords; i++) {
      cd = (cd >> 62) + static_cast<int128_t>(t.u) * d.w[i] + static_cast<int128_t>(t.v) * e.w[i] +
           static_cast<int128_t>(kModulus62.w[i]) * md;
      ce = (ce >> 62) + static_cast<int128_t>(t.q) * d.w[i] + static_cast<int128_t>(t.r) * e.w[i] +
           static_cast<int128_t>(kModulus62.w[i]) * me;
      d.w[i - 1] = static_cast<int64_t>(cd) & kMask;
      e.w[i - 1] = static_cast<int64_t>(ce) & kMask;
    }
    d.w[kWords - 1] = static_cast<int64_t>(cd >> 62);
    e.w[kWords - 1] = static_cast<int64_t>(ce >> 62);
  }

  static bool is_zero(const Signed62& a) {
    int64_t any = 0;
    for (int i = 0; i < kWords; i++)
      any |= a.w[i];
    return any == 0;
  }

  // normalize: d, negated if asked to, brought from (-2m, m) into [0, m).
  static void normalize(uint64_t r[4], Signed62 d, bool negate) {
    const auto add = [](Signed62& a, const Signed62& b, int64_t factor_a, int64_t factor_b) {
      int64_t carry = 0;
      for (int i = 0; i < kWords; i++) {
        const int64_t s = a.w[i] * factor_a + b.w[i] * factor_b + carry;
        a.w[i] = i + 1 < kWords ? s & kMask : s;
        carry = s >> 62;
      }
    };
    if (d.w[kWords - 1] < 0) add(d, kModulus62, 1, 1);
    if (negate) add(d, kModulus62, -1, 0);
    if (d.w[kWords - 1] < 0) add(d, kModulus62, 1, 1);
    const auto w = [&d](int i) { return static_cast<uint64_t>(d.w[i]); };
    r[0] = w(0) | w(1) << 62;
    r[1] = w(1) >> 2 | w(2) << 60;
    r[2] = w(2) >> 4 | w(3) << 58;
    r[3] = w(3) >> 6 | w(4) << 56;
  }

  // inv_vartime: the inverse of zero is zero. r may alias a.
  MPIN_NOINLINE static void inv_vartime(F& r, const F& a) {
    Signed62 f = kModulus62, g = from_words(a.l), d = {}, e = {{1, 0, 0, 0, 0}};
    int64_t delta = 1;
    while (!is_zero(g)) {
      const Matrix t =
          steps(&delta, static_cast<uint64_t>(f.w[0]) | static_cast<uint64_t>(f.w[1]) << 62,
                static_cast<uint64_t>(g.w[0]) | static_cast<uint64_t>(g.w[1]) << 62);
      apply_modular(d, e, t);
      apply(f, g, t);
    }
    // f is ±1 (or ±m when a is zero, and d is a multiple of m), and d·a = f mod m.
    normalize(r.l, d, f.w[kWords - 1] < 0);
    // The inverse of a·R is a^-1/R: two products with R² give a^-1·R.
    const F r2 = {{M::kR2[0], M::kR2[1], M::kR2[2], M::kR2[3]}};
    F::mul(r, r, r2);
    F::mul(r, r, r2);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_INVERSE_H_
