// Tables of the multiples of a point that the digits of digits.h name, and their lookup: every
// lane picks a row of its own table. Eight rows are loaded whole and transposed, which costs a
// quarter of what the gather instruction takes.
#ifndef MPIN_ARCH_TABLE_IFMA_H_
#define MPIN_ARCH_TABLE_IFMA_H_

#include "affine_ifma.h"
#include "digits.h"

namespace mpin::ifma {

struct Table {
  PointRow rows[kMultipleCount];
};

// times_w: (x, y) -> (beta·x, y).
MPIN_INLINE void times_w(Point8& r, const Point8& a) {
  FpX8 beta;
  FpX8::set_constant(beta, params::kBeta);
  FpX8::mul(r.x, a.x, beta);
  r.y = a.y;
  r.infinite = a.infinite;
}
MPIN_INLINE void negate(Point8& a) {
  FpX8::neg(a.y, a.y);
}

// Working space for the tables of one vector of points: its multiples, and terms to be added.
struct Multiples {
  Point8 of[kMultipleCount];
  Point8 minus_w, minus_ww, minus_ww_times_1;  // -wP, -w²P, -w²(1 - w)P
};

template <class S>
struct TableBuilder {
  // The additions by depth: row += term. Point 1 - w comes first; the second depth builds on it and
  // on P, the third on both. No addition meets equal or opposite points: r is a large prime.
  static void first(Addition* jobs, size_t* n, Multiples& m, const Point8& p) {
    m.of[0] = p;
    times_w(m.minus_w, p);
    negate(m.minus_w);
    times_w(m.minus_ww, m.minus_w);
    m.of[1] = p;
    jobs[(*n)++] = {&m.of[1], &m.minus_w};
  }
  static void second(Addition* jobs, size_t* n, Multiples& m) {
    times_w(m.minus_ww_times_1, m.of[1]);
    times_w(m.minus_ww_times_1, m.minus_ww_times_1);
    negate(m.minus_ww_times_1);
    for (int i = 2; i <= 5; i++)
      m.of[i] = m.of[1];
    jobs[(*n)++] = {&m.of[2], &m.minus_ww};          // 1 - w - w² = 2
    jobs[(*n)++] = {&m.of[3], &m.of[0]};             // 2 - w
    jobs[(*n)++] = {&m.of[4], &m.minus_w};           // 1 - 2w
    jobs[(*n)++] = {&m.of[5], &m.minus_ww_times_1};  // (1 - w)(1 - w²) = 3
  }
  static void third(Addition* jobs, size_t* n, Multiples& m) {
    m.of[6] = m.of[3];
    m.of[7] = m.of[8] = m.of[9] = m.of[5];
    m.of[10] = m.of[3];
    jobs[(*n)++] = {&m.of[6], &m.minus_w};   // 2 - 2w
    jobs[(*n)++] = {&m.of[7], &m.minus_w};   // 3 - w
    jobs[(*n)++] = {&m.of[8], &m.minus_ww};  // 3 - w² = 4 + w
    jobs[(*n)++] = {&m.of[9], &m.of[0]};     // 4
    jobs[(*n)++] = {&m.of[10], &m.of[1]};    // 3 - 2w
  }

  // build: tables of count vectors of points; tables[i][lane] belongs to that lane of *points[i].
  // jobs and products need room for 5·count.
  MPIN_NOINLINE static void build(Table* const* tables, const Point8* const* points, size_t count,
                                  Multiples* work, Addition* jobs, FpX8* products) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
      first(jobs, &n, work[i], *points[i]);
    AffineRound<S>::run(jobs, n, products);
    n = 0;
    for (size_t i = 0; i < count; i++)
      second(jobs, &n, work[i]);
    AffineRound<S>::run(jobs, n, products);
    n = 0;
    for (size_t i = 0; i < count; i++)
      third(jobs, &n, work[i]);
    AffineRound<S>::run(jobs, n, products);
    for (size_t i = 0; i < count; i++)
      for (size_t j = 0; j < kMultipleCount; j++) {
        PointRow* rows[8];
        for (size_t lane = 0; lane < 8; lane++)
          rows[lane] = &tables[i][lane].rows[j];
        store_rows(rows, work[i].of[j]);
      }
  }
};

// lookup: lane i becomes digit codes[i] times the point of tables[i].
MPIN_INLINE void lookup(Point8& r, const Table* const tables[8], const uint8_t codes[8]) {
  const PointRow* rows[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    rows[i] = &tables[i]->rows[codes[i] >> 3 & 15];
  load_rows(r, rows);
  uint64_t word;
  std::memcpy(&word, codes, 8);
  const V code = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(static_cast<long long>(word)));
  const __mmask8 w = _mm512_test_epi64_mask(code, FpX8::word(2));
  const __mmask8 ww = _mm512_test_epi64_mask(code, FpX8::word(4));
  FpX8 unit, beta, beta2;
  FpX8::set_one(unit);
  FpX8::set_constant(beta, params::kBeta);
  FpX8::broadcast(beta2, kBeta2.l);
  FpX8::select(unit, FpX8::Mask{w}, beta, unit);
  FpX8::select(unit, FpX8::Mask{ww}, beta2, unit);
  FpX8::mul(r.x, r.x, unit);
  negate_if(r, FpX8::Mask{_mm512_test_epi64_mask(code, FpX8::word(1))});
  r.infinite |= FpX8::Mask{_mm512_test_epi64_mask(code, FpX8::word(kZeroDigit))};
}

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_TABLE_IFMA_H_
