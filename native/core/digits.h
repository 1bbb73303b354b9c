// Scalars as Eisenstein integers a + b·w, w = lambda on G1 (w² + w + 1 = 0), in base 8.
//
// The ring has six units ±1, ±w, ±w², which act on a point for the price of a sign and a product by
// beta. So 11 multiples of a point give all 63 digits that are not 0 mod 8: one addition for three
// bits of both halves of the scalar, where two signed windows of four bits take two for four.
#ifndef MPIN_CORE_DIGITS_H_
#define MPIN_CORE_DIGITS_H_

#include "fr.h"
#include "random.h"
#include "scalar.h"

namespace mpin {

// The multiples kept of a point, one of each orbit of the units, of least size. The tables are made
// in this order.
inline constexpr int kMultipleCount = 11;
struct Eisenstein8 {
  int8_t a, b;
};
inline constexpr Eisenstein8 kMultiples[kMultipleCount] = {
    {1, 0}, {1, -1}, {2, 0}, {2, -1}, {1, -2}, {3, 0}, {2, -2}, {3, -1}, {4, 1}, {4, 0}, {3, -2}};

// A digit names its multiple and the unit: bit 0 the sign, bits 1 and 2 the power of w, from bit 3
// on the index of the multiple. kZeroDigit names none; its other bits are zero, so that the first
// multiple may be read for it.
inline constexpr uint8_t kZeroDigit = 0x80;

struct Digit {
  int8_t a, b;
  uint8_t code;
};
struct DigitTable {
  Digit of[64];  // By (a mod 8) + 8·(b mod 8).
};

constexpr DigitTable make_digit_table() {
  DigitTable r = {};
  for (Digit& digit : r.of)
    digit = {0, 0, kZeroDigit};
  for (int i = kMultipleCount - 1; i >= 0; i--) {
    int a = kMultiples[i].a, b = kMultiples[i].b;
    for (int power = 0; power < 3; power++) {
      for (int sign = 0; sign < 2; sign++) {
        r.of[(a & 7) + 8 * (b & 7)] = {static_cast<int8_t>(a), static_cast<int8_t>(b),
                                       static_cast<uint8_t>(i << 3 | power << 1 | sign)};
        a = -a;
        b = -b;
      }
      const int t = a;  // Times w: a·w + b·w² = -b + (a - b)·w.
      a = -b;
      b = t - b;
    }
  }
  return r;
}
inline constexpr DigitTable kDigits = make_digit_table();

constexpr bool digits_complete() {
  for (int i = 0; i < 64; i++) {
    const Digit d = kDigits.of[i];
    if ((d.a & 7) + 8 * (d.b & 7) != i || (d.code == kZeroDigit) != (i == 0)) return false;
    if (d.a * d.a - d.a * d.b + d.b * d.b > 19) return false;
  }
  return true;
}
static_assert(digits_complete(), "every class mod 8 has its digit, of norm 19 at most");

// times_unit: the digit of a unit, w^power or -w^power, times the digit.
constexpr uint8_t times_unit(uint8_t code, int power, int sign) {
  if (code == kZeroDigit) return code;
  const int sum = (code >> 1 & 3) + power;
  return static_cast<uint8_t>((code & ~7) | (sum < 3 ? sum : sum - 3) << 1 | ((code & 1) ^ sign));
}

// A digit has norm 19 at most and so size below 4.36: dividing (z - digit) by 8 leads to at most
// 4.36/7 < 0.63, which is zero, from every z. The halves of glv_split span a parallelogram of sides
// 1.25·sqrt(r) at 60 degrees, so |z| < 2.17·sqrt(r) < 2^127.71, and after 42 digits |z| < 3.25 +
// 0.63: norm 15 at most. Those are all digits themselves, so 43 digits do.
inline constexpr int kDigitCount = 43;

// recode: k1 + k2·w as digits, lowest first, stored with the given stride. Variable time.
// Sixteen digits at a time depend on the low 48 bits only.
MPIN_INLINE void recode_vartime(uint8_t* codes, size_t stride, const HalfScalar& k1,
                                const HalfScalar& k2) {
  int128_t a = static_cast<int128_t>(u128(k1.magnitude));
  int128_t b = static_cast<int128_t>(u128(k2.magnitude));
  if (k1.negative) a = -a;
  if (k2.negative) b = -b;
  for (int i = 0; i < kDigitCount;) {
    int64_t low_a = static_cast<int64_t>(static_cast<uint64_t>(a) & 0xffffffffffff);
    int64_t low_b = static_cast<int64_t>(static_cast<uint64_t>(b) & 0xffffffffffff);
    const int end = i + 16 < kDigitCount ? i + 16 : kDigitCount;
    const bool last = end == kDigitCount;
    if (last) {
      low_a = static_cast<int64_t>(a);
      low_b = static_cast<int64_t>(b);
    }
    for (; i < end; i++) {
      const Digit& d = kDigits.of[(low_a & 7) + 8 * (low_b & 7)];
      codes[static_cast<size_t>(i) * stride] = d.code;
      low_a = (low_a - d.a) >> 3;
      low_b = (low_b - d.b) >> 3;
    }
    MPIN_CHECK(!last || (low_a == 0 && low_b == 0));
    a = (a >> 48) + low_a;
    b = (b >> 48) + low_b;
  }
}

// --- Random factors ----------------------------------------------------------------------------

// 22 digits that are not zero: 63^22 > 2^131 factors, all different modulo r because their
// difference is far shorter than the shortest vector of the lattice. None is zero.
inline constexpr int kRandomDigitCount = 22;

// Bytes of the operating system, fetched a few hundred at a time.
class RandomBytes {
 public:
  // next: false when the system has no randomness.
  inline __attribute__((always_inline)) bool next(uint8_t* out) {
    if (used_ == sizeof bytes_) {
      if (!os_random(bytes_, sizeof bytes_)) return false;
      used_ = 0;
    }
    *out = bytes_[used_++];
    return true;
  }

 private:
  uint8_t bytes_[768];
  size_t used_ = sizeof bytes_;
};

// random_factor: digits as of recode_vartime, and the factor as an integer mod r. |a|, |b| <
// 8^22 = 2^66.
template <class S>
MPIN_INLINE bool random_factor(uint8_t* codes, size_t stride, uint64_t factor[4],
                               RandomBytes* random) {
  int128_t a = 0, b = 0;
  for (size_t i = kRandomDigitCount; i-- > 0;) {
    uint8_t byte;
    do {
      if (!random->next(&byte)) return false;
    } while ((byte & 63) == 0);
    const Digit& d = kDigits.of[byte & 63];
    codes[i * stride] = d.code;
    a = 8 * a + d.a;
    b = 8 * b + d.b;
  }
  fr_eisenstein<S>(factor, a, b);
  return true;
}

}  // namespace mpin

#endif  // MPIN_CORE_DIGITS_H_
