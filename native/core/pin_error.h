// The small discrete logarithm behind a wrong PIN, by baby steps and giant steps (Shanks 1971).
// Exact: it finds every exponent of size below kPinCount, unlike kangaroos, which miss some.
#ifndef MPIN_CORE_PIN_ERROR_H_
#define MPIN_CORE_PIN_ERROR_H_

#include "cyclotomic.h"
#include "mpin.h"

namespace mpin {

template <class F>
struct PinErrorT {
  using Fp12 = Fp12T<F>;
  using Cyclotomic = CyclotomicT<F>;

  // Baby steps 1 … kBaby stand for ±1 … ±kBaby: an element and its inverse, the conjugate, share
  // c0. Giant steps of 2·kBaby + 1 to both sides. kBaby near 100 makes the sum of both least.
  static constexpr int kBaby = 100;
  static constexpr int kStride = 2 * kBaby + 1;
  static constexpr int kGiant = (static_cast<int>(kPinCount) - 1 - kBaby + kStride - 1) / kStride;
  static_assert(kBaby + kGiant * kStride >= static_cast<int>(kPinCount) - 1);
  static constexpr unsigned kSlots = 256;  // Open addressing, less than half full.
  static_assert(kSlots >= 2 * kBaby + 2 && (kSlots & (kSlots - 1)) == 0);

  struct Table {
    uint64_t key[kSlots];
    uint8_t step[kSlots];  // 0 = empty
  };

  // key: a word of c0. Values are canonical, and c0 is the same for an element and its inverse.
  static uint64_t key(const Fp12& a) { return a.c0.c0.c0.l[0]; }

  static void insert(Table& table, uint64_t k, int step) {
    unsigned slot = static_cast<unsigned>(k) & (kSlots - 1);
    while (table.step[slot] != 0)
      slot = (slot + 1) & (kSlots - 1);
    table.key[slot] = k;
    table.step[slot] = static_cast<uint8_t>(step);
  }

  // matches: is value = base^(±step) for a step of the table? A key may collide, so the power is
  // computed and compared.
  static bool matches(int* result, const Table& table, const Fp12& value, const Fp12& base) {
    const uint64_t k = key(value);
    unsigned slot = static_cast<unsigned>(k) & (kSlots - 1);
    for (; table.step[slot] != 0; slot = (slot + 1) & (kSlots - 1)) {
      if (table.key[slot] != k) continue;
      Fp12 power;
      Cyclotomic::pow_vartime(power, base, table.step[slot]);
      *result = table.step[slot];
      if (Fp12::equal(power, value)) return true;
      Fp12::conj(power, power);
      *result = -*result;
      if (Fp12::equal(power, value)) return true;
    }
    *result = 0;
    return static_cast<bool>(Fp12::is_one(value));
  }

  // log_vartime: *exponent = d with value = base^d, |d| < kPinCount; false when there is none.
  // value and base are results of final_exp.
  static bool log_vartime(int32_t* exponent, const Fp12& value, const Fp12& base) {
    Table table = {};
    Fp12 power = base;
    for (int i = 1; i <= kBaby; i++) {
      insert(table, key(power), i);
      if (i < kBaby) Fp12::mul(power, power, base);
    }
    Fp12 giant, giant_inverse, up = value, down = value;
    Cyclotomic::pow_vartime(giant, base, kStride);
    Fp12::conj(giant_inverse, giant);
    int small = 0;
    for (int i = 0; i <= kGiant; i++) {
      // up = value·base^(i·stride), down = value·base^(-i·stride).
      int32_t found = static_cast<int32_t>(kPinCount);
      if (matches(&small, table, up, base))
        found = small - i * kStride;
      else if (matches(&small, table, down, base))
        found = small + i * kStride;
      if (found > -static_cast<int32_t>(kPinCount) && found < static_cast<int32_t>(kPinCount)) {
        *exponent = found;
        return true;
      }
      Fp12::mul(up, up, giant);
      Fp12::mul(down, down, giant_inverse);
    }
    *exponent = 0;
    return false;
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_PIN_ERROR_H_
