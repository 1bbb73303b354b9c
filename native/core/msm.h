// The two sums of a batch check, Σ rᵢVᵢ and Σ (rᵢUᵢ + (rᵢyᵢ)Bᵢ), in variable time.
//
// Straus 1964: every point has a table of the multiples that digits name, the multiples of one
// digit position of all points are added in a tree of affine additions, all positions at once, and
// the doublings are shared by all points.
#ifndef MPIN_CORE_MSM_H_
#define MPIN_CORE_MSM_H_

#include "affine_sum.h"
#include "digits.h"

namespace mpin {

template <class F>
struct MsmT {
  using G1 = G1T<F>;
  using Affine = typename G1::Affine;
  using Jacobian = typename G1::Jacobian;
  using Sum = AffineSumT<F>;
  using Addition = typename Sum::Addition;

  static constexpr size_t kChunk = 64;  // Logins whose tables and leaves fit the second cache.

  struct Table {
    Affine of[kMultipleCount];
  };
  struct Tables {
    Table v, u, b;
  };
  struct Codes {
    uint8_t r[kRandomDigitCount], ry[kDigitCount];
  };

  // Row i < kProofRows is digit i of Σ rV; the others are those of the other sum, where the low
  // digits have two leaves a login: one of r for U and one of ry for B.
  static constexpr size_t kProofRows = kRandomDigitCount;
  static constexpr size_t kResponseRows = kDigitCount;
  static constexpr size_t kRows = kProofRows + kResponseRows;
  static constexpr size_t kLeaves = 2 * kRandomDigitCount + kDigitCount;

  // Terms of the additions that make a table: -wP, -w²P, -w²(1 - w)P.
  struct Terms {
    Affine minus_w, minus_ww, minus_ww_times_1;
  };

  struct Scratch {
    union {
      Affine leaves[kLeaves * kChunk];
      Terms terms[3 * kChunk];
    };
    Addition jobs[kLeaves * kChunk / 2];
    typename Sum::Work work[kLeaves * kChunk / 2];
  };
  static constexpr size_t kTableAdditions = 5;  // At most, of a table in one round.
  static_assert(3 * kTableAdditions * 2 <= kLeaves);

  MPIN_MEMBER_INLINE void negate(Affine& a) { F::neg(a.y, a.y); }
  MPIN_MEMBER_INLINE void times_w(Affine& r, const Affine& a) {
    F beta;
    F::set_constant(beta, params::kBeta);
    F::mul(r.x, a.x, beta);
    r.y = a.y;
  }

  // build_round: the additions of depth 0, 1, 2. None meets equal or opposite points, as those
  // would differ by a multiple of the large prime r.
  static size_t build_round(Addition* jobs, Table& t, Terms& terms, int depth) {
    Affine* m = t.of;
    if (depth == 0) {
      times_w(terms.minus_w, m[0]);
      negate(terms.minus_w);
      times_w(terms.minus_ww, terms.minus_w);
      m[1] = m[0];
      jobs[0] = {m + 1, &terms.minus_w};
      return 1;
    }
    if (depth == 1) {
      times_w(terms.minus_ww_times_1, m[1]);
      times_w(terms.minus_ww_times_1, terms.minus_ww_times_1);
      negate(terms.minus_ww_times_1);
      m[2] = m[3] = m[4] = m[5] = m[1];
      jobs[0] = {m + 2, &terms.minus_ww};          // 1 - w - w² = 2
      jobs[1] = {m + 3, m};                        // 2 - w
      jobs[2] = {m + 4, &terms.minus_w};           // 1 - 2w
      jobs[3] = {m + 5, &terms.minus_ww_times_1};  // (1 - w)(1 - w²) = 3
      return 4;
    }
    m[6] = m[10] = m[3];
    m[7] = m[8] = m[9] = m[5];
    jobs[0] = {m + 6, &terms.minus_w};   // 2 - 2w
    jobs[1] = {m + 7, &terms.minus_w};   // 3 - w
    jobs[2] = {m + 8, &terms.minus_ww};  // 3 - w² = 4 + w
    jobs[3] = {m + 9, m};                // 4
    jobs[4] = {m + 10, m + 1};           // 3 - 2w
    return kTableAdditions;
  }

  // build_tables: of n <= kChunk logins, whose points are in of[0] of the tables.
  MPIN_NOINLINE static void build_tables(Tables* tables, size_t n, Scratch& s) {
    for (int depth = 0; depth < 3; depth++) {
      size_t count = 0;
      for (size_t i = 0; i < n; i++) {
        count += build_round(s.jobs + count, tables[i].v, s.terms[3 * i], depth);
        count += build_round(s.jobs + count, tables[i].u, s.terms[3 * i + 1], depth);
        count += build_round(s.jobs + count, tables[i].b, s.terms[3 * i + 2], depth);
      }
      Sum::run_vartime(s.jobs, count, s.work);
    }
  }

  // lookup: the multiple that a digit names.
  MPIN_MEMBER_INLINE void lookup(Affine& r, const Table& table, uint8_t code) {
    if (code == kZeroDigit) {
      Sum::set_infinity(r);
      return;
    }
    r = table.of[code >> 3];
    const int power = code >> 1 & 3;
    if (power != 0) {
      F beta, x;
      F::set_constant(beta, params::kBeta);
      F::mul(x, r.x, beta);
      if (power == 2) {  // w² = -1 - w
        F::add(x, x, r.x);
        F::neg(x, x);
      }
      r.x = x;
    }
    if (code & 1) negate(r);
  }

  // sums_vartime: both sums over n <= kChunk logins whose tables are there.
  MPIN_NOINLINE static void sums_vartime(Jacobian& proof, Jacobian& response, const Tables* tables,
                                         const Codes* codes, size_t n, Scratch& s) {
    Affine* rows[kRows];
    size_t count[kRows];
    Affine* next = s.leaves;
    for (size_t row = 0; row < kRows; row++) {
      rows[row] = next;
      const size_t i = row < kProofRows ? row : row - kProofRows;
      for (size_t k = 0; k < n; k++) {
        if (row < kProofRows) {
          lookup(*next++, tables[k].v, codes[k].r[i]);
          continue;
        }
        lookup(*next++, tables[k].b, codes[k].ry[i]);
        if (i < kRandomDigitCount) lookup(*next++, tables[k].u, codes[k].r[i]);
      }
      count[row] = static_cast<size_t>(next - rows[row]);
    }
    Sum::add_rows_vartime(rows, count, kRows, s.jobs, s.work);
    horner_vartime(proof, rows, kProofRows);
    horner_vartime(response, rows + kProofRows, kResponseRows);
  }

  // horner_vartime: Σ 8^i·(*rows[i]).
  static void horner_vartime(Jacobian& r, Affine* const* rows, size_t n) {
    G1::set_infinity(r);
    for (size_t i = n; i-- > 0;) {
      for (int j = 0; j < 3; j++)
        G1::dbl(r, r);
      if (!Sum::is_infinity(*rows[i])) G1::add_affine_vartime(r, r, *rows[i]);
    }
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_MSM_H_
