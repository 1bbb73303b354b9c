// Sums of many affine points at once: additions that do not depend on each other share one
// inversion (Montgomery 1987), which makes an addition cheaper than in any other coordinates. In
// variable time, for public points. Infinity is (x, 0): no point of G1 has y = 0.
#ifndef MPIN_CORE_AFFINE_SUM_H_
#define MPIN_CORE_AFFINE_SUM_H_

#include "g1.h"
#include "inverse.h"

namespace mpin {

template <class F>
struct AffineSumT {
  using Affine = typename G1T<F>::Affine;

  // *sum += *term. A point may be the sum of one addition of a round only, and no term of another.
  struct Addition {
    Affine* sum;
    const Affine* term;
  };
  // Working space for one addition. The denominator is zero for those that need no slope.
  struct Work {
    F denominator, product;
  };

  MPIN_MEMBER_INLINE bool is_infinity(const Affine& a) { return F::is_zero(a.y) != 0; }
  MPIN_MEMBER_INLINE void set_infinity(Affine& a) {
    F::set_zero(a.x);
    F::set_zero(a.y);
  }

  // prepare: the denominator of the slope, 2y for equal points. False, with the sum done, where an
  // operand is infinite or they are opposite.
  MPIN_MEMBER_INLINE bool prepare(F& denominator, Affine& a, const Affine& b) {
    if (is_infinity(b)) return false;
    if (is_infinity(a)) {
      a = b;
      return false;
    }
    F::sub(denominator, b.x, a.x);
    if (!F::is_zero(denominator)) return true;
    if (!F::equal(a.y, b.y)) {
      set_infinity(a);
      return false;
    }
    F::dbl(denominator, a.y);
    return true;
  }

  // finish: a += b with 1/denominator known.
  MPIN_MEMBER_INLINE void finish(Affine& a, const Affine& b, const F& inverse) {
    F slope, x, t;
    if (F::equal(a.x, b.x)) {
      F::sqr(t, a.x);
      F::dbl(slope, t);
      F::add(slope, slope, t);
    } else {
      F::sub(slope, b.y, a.y);
    }
    F::mul(slope, slope, inverse);
    F::sqr(x, slope);
    F::sub(x, x, a.x);
    F::sub(x, x, b.x);
    F::sub(t, a.x, x);
    F::mul(t, t, slope);
    F::sub(a.y, t, a.y);
    a.x = x;
  }

  // run_vartime: n additions, with as many elements of work. Five products and a square each.
  MPIN_NOINLINE static void run_vartime(const Addition* jobs, size_t n, Work* work) {
    F running;
    F::set_one(running);
    for (size_t i = 0; i < n; i++) {
      work[i].product = running;
      if (prepare(work[i].denominator, *jobs[i].sum, *jobs[i].term))
        F::mul(running, running, work[i].denominator);
      else
        F::set_zero(work[i].denominator);
    }
    InverseT<F>::inv_vartime(running, running);
    for (size_t i = n; i-- > 0;) {
      if (F::is_zero(work[i].denominator)) continue;
      F inverse;
      F::mul(inverse, running, work[i].product);
      F::mul(running, running, work[i].denominator);
      finish(*jobs[i].sum, *jobs[i].term, inverse);
    }
  }

  // add_rows_vartime: the first point of each row becomes the sum of its n[k] >= 1 points, in as
  // many rounds as the longest row has bits. Room for half of all points in jobs and work.
  static void add_rows_vartime(Affine* const* rows, size_t* n, size_t count, Addition* jobs,
                               Work* work) {
    for (;;) {
      size_t job_count = 0;
      for (size_t k = 0; k < count; k++) {
        const size_t half = n[k] / 2;
        for (size_t i = 0; i < half; i++)
          jobs[job_count++] = {rows[k] + i, rows[k] + n[k] - half + i};
        n[k] -= half;
      }
      if (job_count == 0) return;
      run_vartime(jobs, job_count, work);
    }
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_AFFINE_SUM_H_
