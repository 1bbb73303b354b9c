// Many additions of affine points at once. An affine addition needs one inversion and three
// products; with the inversions of a whole round made by one (Montgomery 1987) it is five products
// and a square, against eleven of the mixed Jacobian formulas.
#ifndef MPIN_ARCH_AFFINE_IFMA_H_
#define MPIN_ARCH_AFFINE_IFMA_H_

#include "g1.h"
#include "inverse.h"
#include "lanes_ifma.h"

namespace mpin::ifma {

// Eight points of G1; x and y of an infinite one mean nothing.
struct Point8 {
  FpX8 x, y;
  FpX8::Mask infinite;
};

// One point as a row: what a lane of any other vector can pick up. Five limbs and three words to
// fill a cache line, the first of them in y tells infinity.
struct alignas(64) PointRow {
  uint64_t x[8], y[8];
};

MPIN_INLINE void copy_lane(FpX8& r, int lane, const FpX8& a, int from) {
  uint64_t limbs[5];
  FpX8::get_lane(limbs, a, from);
  FpX8::set_lane(r, lane, limbs);
  MPIN_BOUND(r.bound = FpX8::max(r.bound, a.bound));
}

// transpose: eight rows of eight words become columns.
MPIN_INLINE void transpose(V r[8], const V a[8]) {
  V t[8], s[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm512_unpacklo_epi64(a[2 * i], a[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi64(a[2 * i], a[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++)
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
      s[4 * i + j] = _mm512_shuffle_i64x2(t[4 * i + j], t[4 * i + j + 2], 0x88);
      s[4 * i + j + 2] = _mm512_shuffle_i64x2(t[4 * i + j], t[4 * i + j + 2], 0xdd);
    }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    r[j] = _mm512_shuffle_i64x2(s[j], s[4 + j], 0x88);
    r[4 + j] = _mm512_shuffle_i64x2(s[j], s[4 + j], 0xdd);
  }
}

// load_rows, store_rows: lane i is rows[i].
MPIN_INLINE void load_rows(Point8& r, const PointRow* const rows[8]) {
  V a[8], t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    a[i] = _mm512_load_si512(rows[i]->x);
  transpose(t, a);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
    r.x.l[i] = t[i];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    a[i] = _mm512_load_si512(rows[i]->y);
  transpose(t, a);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
    r.y.l[i] = t[i];
  r.infinite = FpX8::Mask{_mm512_test_epi64_mask(t[5], t[5])};
  MPIN_BOUND(FpX8::set_bound(r.x, 2 + 4 * FpX8::kSlack));
  MPIN_BOUND(FpX8::set_bound(r.y, 2 + 4 * FpX8::kSlack));
}
MPIN_INLINE void store_rows(PointRow* const rows[8], const Point8& p) {
  V a[8] = {}, t[8];
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
    a[i] = p.x.l[i];
  transpose(t, a);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    _mm512_store_si512(rows[i]->x, t[i]);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
    a[i] = p.y.l[i];
  a[5] = _mm512_movm_epi64(p.infinite.bits);
  transpose(t, a);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    _mm512_store_si512(rows[i]->y, t[i]);
  MPIN_CHECK(p.x.bound <= 2 + 4 * FpX8::kSlack && p.y.bound <= 2 + 4 * FpX8::kSlack);
}

MPIN_INLINE void set_infinite(Point8& r) {
  FpX8::set_one(r.x);
  FpX8::set_one(r.y);
  r.infinite = FpX8::Mask::make(0xff);
}
MPIN_INLINE void negate_if(Point8& r, FpX8::Mask mask) {
  FpX8 minus;
  FpX8::neg(minus, r.y);
  FpX8::select(r.y, mask, minus, r.y);
}

// invert: all lanes by one inversion of a scalar kernel's field S; zero goes to zero.
template <class S>
MPIN_NOINLINE void invert_vartime(FpX8& r, const FpX8& a) {
  FpX8 one, t;
  FpX8::set_one(one);
  const FpX8::Mask zero = FpX8::is_zero(a);
  FpX8::select(t, zero, one, a);
  S values[8], products[8], inverse;
  uint64_t words[32];
  to_scalar(words, t);
  std::memcpy(values, words, sizeof words);
  products[0] = values[0];
  for (int i = 1; i < 8; i++)
    S::mul(products[i], products[i - 1], values[i]);
  InverseT<S>::inv_vartime(inverse, products[7]);
  const uint64_t* in[8];
  for (int i = 7; i > 0; i--) {
    S::mul(products[i], inverse, products[i - 1]);
    S::mul(inverse, inverse, values[i]);
  }
  products[0] = inverse;
  for (int i = 0; i < 8; i++)
    in[i] = products[i].l;
  from_scalar(r, in);
  FpX8::set_zero(t);
  FpX8::select(r, zero, t, r);
}

// A round of additions sum += term that do not depend on each other.
struct Addition {
  Point8* sum;
  const Point8* term;
};

template <class S>
struct AffineRound {
  // denominator: x2 - x1, or 1 in lanes where there is nothing to divide. careful: 2y for equal
  // points, 1 for opposite ones.
  MPIN_MEMBER_INLINE void denominator(FpX8& d, const Addition& job, bool careful) {
    FpX8 one;
    FpX8::set_one(one);
    FpX8::sub(d, job.term->x, job.sum->x);
    if (careful) {
      const FpX8::Mask same_x = FpX8::is_zero(d);
      const FpX8::Mask same_y = FpX8::equal(job.sum->y, job.term->y);
      FpX8 twice;
      FpX8::dbl(twice, job.sum->y);
      FpX8::select(d, same_x, one, d);
      FpX8::select(d, same_x & same_y, twice, d);
    }
    FpX8::select(d, job.sum->infinite | job.term->infinite, one, d);
  }

  // finish: sum += term given the inverse of the denominator.
  MPIN_MEMBER_INLINE void finish(const Addition& job, const FpX8& inverse, bool careful) {
    Point8& p = *job.sum;
    const Point8& q = *job.term;
    FpX8 slope, x, y;
    FpX8::sub(slope, q.y, p.y);
    FpX8::Mask opposite = FpX8::Mask::make(0);
    if (careful) {
      const FpX8::Mask same_x = FpX8::equal(p.x, q.x);
      const FpX8::Mask same_y = FpX8::is_zero(slope);
      opposite = same_x & ~same_y & ~(p.infinite | q.infinite);
      FpX8 tangent, t;
      FpX8::sqr(t, p.x);
      FpX8::dbl(tangent, t);
      FpX8::add(tangent, tangent, t);
      FpX8::select(slope, same_x & same_y, tangent, slope);
    }
    FpX8::mul(slope, slope, inverse);
    FpX8::sqr(x, slope);
    FpX8::sub(x, x, p.x);
    FpX8::sub(x, x, q.x);
    FpX8::sub(y, p.x, x);
    FpX8::mul(y, y, slope);
    FpX8::sub(y, y, p.y);
    FpX8::select(x, q.infinite, p.x, x);
    FpX8::select(y, q.infinite, p.y, y);
    FpX8::select(p.x, p.infinite, q.x, x);
    FpX8::select(p.y, p.infinite, q.y, y);
    p.infinite = (p.infinite & q.infinite) | opposite;
  }

  // run: all additions, exact for every input. products has room for count elements. A zero among
  // the denominators, met only when points repeat, shows in the product of all; the round then
  // starts again in the careful way.
  MPIN_NOINLINE static void run(const Addition* jobs, size_t count, FpX8* products) {
    if (count == 0) return;
    if (!run_once(jobs, count, products, false)) run_once(jobs, count, products, true);
  }
  MPIN_NOINLINE static bool run_once(const Addition* jobs, size_t count, FpX8* products,
                                     bool careful) {
    FpX8 d, inverse, t;
    denominator(products[0], jobs[0], careful);
    for (size_t i = 1; i < count; i++) {
      denominator(d, jobs[i], careful);
      FpX8::mul(products[i], products[i - 1], d);
    }
    if (FpX8::is_zero(products[count - 1]).bits != 0) return false;
    invert_vartime<S>(inverse, products[count - 1]);
    for (size_t i = count - 1; i > 0; i--) {
      denominator(d, jobs[i], careful);
      FpX8::mul(t, inverse, products[i - 1]);
      FpX8::mul(inverse, inverse, d);
      finish(jobs[i], t, careful);
    }
    finish(jobs[0], inverse, careful);
    return true;
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_AFFINE_IFMA_H_
