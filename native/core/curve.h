// Points of y² = x³ + b over any field E (Fp for G1, Fp2 for the twist), in the coordinates:
//   Affine      x, y; never infinity
//   Jacobian    x/z², y/z³; infinity has z = 0. Short formulas with special cases: _vartime only.
//   Projective  x/z, y/z; infinity is (0 : 1 : 0). The complete formulas of Renes, Costello, Batina
//               (eprint 2015/1060) for a = 0: no special cases on a curve of odd order, and both
//               E(Fp) (order r) and the twist (order r(2p - r)) have odd order. For secrets.
// C gives the curve: C::add_b(E&) adds b, C::mul_by_3b(E&, const E&).
#ifndef MPIN_CORE_CURVE_H_
#define MPIN_CORE_CURVE_H_

#include "fp2.h"

namespace mpin {

template <class E, class C>
struct CurveT {
  using Mask = typename E::Mask;

  struct Affine {
    E x, y;
  };
  struct Jacobian {
    E x, y, z;
  };
  struct Projective {
    E x, y, z;
  };

  static Mask on_curve(const Affine& a) {
    E left, right;
    E::sqr(left, a.y);
    E::sqr(right, a.x);
    E::mul(right, right, a.x);
    C::add_b(right);
    return E::equal(left, right);
  }
  MPIN_MEMBER_INLINE void neg(Affine& r, const Affine& a) {
    r.x = a.x;
    E::neg(r.y, a.y);
  }

  // --- Projective, complete, constant-time ------------------------------------------------------

  MPIN_MEMBER_INLINE void set_infinity(Projective& r) {
    E::set_zero(r.x);
    E::set_one(r.y);
    E::set_zero(r.z);
  }
  MPIN_MEMBER_INLINE void from_affine(Projective& r, const Affine& a) {
    r.x = a.x;
    r.y = a.y;
    E::set_one(r.z);
  }
  MPIN_MEMBER_INLINE Mask is_infinity(const Projective& a) { return E::is_zero(a.z); }
  MPIN_MEMBER_INLINE void select(Projective& r, Mask mask, const Projective& a,
                                 const Projective& b) {
    E::select(r.x, mask, a.x, b.x);
    E::select(r.y, mask, a.y, b.y);
    E::select(r.z, mask, a.z, b.z);
  }
  // equal: the same point, whatever the representative.
  static Mask equal(const Projective& a, const Projective& b) {
    E s, t;
    E::mul(s, a.x, b.z);
    E::mul(t, b.x, a.z);
    Mask same = E::equal(s, t);
    E::mul(s, a.y, b.z);
    E::mul(t, b.y, a.z);
    same &= E::equal(s, t);
    return same & ~(is_infinity(a) ^ is_infinity(b));
  }

  // add: algorithm 7, 12 products. r may alias a or b.
  MPIN_NOINLINE static void add(Projective& r, const Projective& a, const Projective& b) {
    E t0, t1, t2, t3, t4, x3, y3, z3;
    E::mul(t0, a.x, b.x);
    E::mul(t1, a.y, b.y);
    E::mul(t2, a.z, b.z);
    mixed(t3, a.x, a.y, b.x, b.y, t0, t1);  // X1Y2 + X2Y1
    mixed(t4, a.y, a.z, b.y, b.z, t1, t2);  // Y1Z2 + Y2Z1
    mixed(y3, a.x, a.z, b.x, b.z, t0, t2);  // X1Z2 + X2Z1
    E::dbl(x3, t0);
    E::add(t0, x3, t0);  // 3X1X2
    C::mul_by_3b(t2, t2);
    E::add(z3, t1, t2);  // Y1Y2 + 3b·Z1Z2
    E::sub(t1, t1, t2);  // Y1Y2 - 3b·Z1Z2
    C::mul_by_3b(y3, y3);
    E::mul(x3, t4, y3);
    E::mul(t2, t3, t1);
    E::sub(r.x, t2, x3);
    E::mul(y3, y3, t0);
    E::mul(t1, t1, z3);
    E::add(r.y, t1, y3);
    E::mul(t0, t0, t3);
    E::mul(z3, z3, t4);
    E::add(r.z, z3, t0);
  }

  // dbl: algorithm 9, 6 products and 2 squares. r may alias a.
  MPIN_NOINLINE static void dbl(Projective& r, const Projective& a) {
    E t0, t1, t2, x3, y3, z3;
    E::sqr(t0, a.y);
    E::dbl(z3, t0);
    E::dbl(z3, z3);
    E::dbl(z3, z3);  // 8Y²
    E::mul(t1, a.y, a.z);
    E::sqr(t2, a.z);
    C::mul_by_3b(t2, t2);  // 3b·Z²
    E::mul(x3, t2, z3);
    E::add(y3, t0, t2);
    E::mul(z3, t1, z3);
    E::dbl(t1, t2);
    E::add(t2, t1, t2);
    E::sub(t0, t0, t2);  // Y² - 9b·Z²
    E::mul(y3, t0, y3);
    E::mul(t1, a.x, a.y);
    E::add(r.y, x3, y3);
    E::mul(x3, t0, t1);
    E::dbl(r.x, x3);
    r.z = z3;
  }

  // --- Jacobian, variable time
  // --------------------------------------------------------------------

  MPIN_MEMBER_INLINE void set_infinity(Jacobian& r) {
    E::set_one(r.x);
    E::set_one(r.y);
    E::set_zero(r.z);
  }
  MPIN_MEMBER_INLINE void from_affine(Jacobian& r, const Affine& a) {
    r.x = a.x;
    r.y = a.y;
    E::set_one(r.z);
  }

  // dbl: dbl-2009-l of the Explicit-Formulas Database, 2 products and 5 squares. Good for infinity
  // too; no other exception, as there is no point of order two. r may alias a.
  MPIN_NOINLINE static void dbl(Jacobian& r, const Jacobian& a) {
    E xx, yy, yyyy, d, e, t;
    E::sqr(xx, a.x);
    E::sqr(yy, a.y);
    E::sqr(yyyy, yy);
    E::add(d, a.x, yy);
    E::sqr(d, d);
    E::sub(d, d, xx);
    E::sub(d, d, yyyy);
    E::dbl(d, d);  // 4X·Y²
    E::dbl(e, xx);
    E::add(e, e, xx);  // 3X²
    E::mul(t, a.y, a.z);
    E::dbl(r.z, t);
    E::sqr(t, e);
    E::sub(t, t, d);
    E::sub(r.x, t, d);
    E::sub(d, d, r.x);
    E::mul(d, d, e);
    E::dbl(yyyy, yyyy);
    E::dbl(yyyy, yyyy);
    E::dbl(yyyy, yyyy);
    E::sub(r.y, d, yyyy);
  }

  // add_affine_vartime: r = a + b, 8 products and 3 squares, every special case handled. When
  // ratio is given it becomes z(r)/z(a); a must then be finite and different from ±b. r may alias
  // a.
  MPIN_NOINLINE static void add_affine_vartime(Jacobian& r, const Jacobian& a, const Affine& b,
                                               E* ratio = nullptr) {
    if (E::is_zero(a.z)) {
      from_affine(r, b);
      return;
    }
    E zz, h, s, t, hh, v;
    E::sqr(zz, a.z);
    E::mul(h, b.x, zz);
    E::mul(s, b.y, a.z);
    E::mul(s, s, zz);
    E::sub(h, h, a.x);  // X2·Z1² - X1
    E::sub(s, s, a.y);  // Y2·Z1³ - Y1
    if (E::is_zero(h)) {
      if (E::is_zero(s))
        dbl(r, a);
      else
        set_infinity(r);
      return;
    }
    if (ratio != nullptr) *ratio = h;
    E::mul(r.z, a.z, h);
    E::sqr(hh, h);
    E::mul(v, a.x, hh);
    E::mul(hh, hh, h);  // h³
    E::mul(t, a.y, hh);
    E::sqr(r.x, s);
    E::sub(r.x, r.x, hh);
    E::sub(r.x, r.x, v);
    E::sub(r.x, r.x, v);
    E::sub(v, v, r.x);
    E::mul(v, v, s);
    E::sub(r.y, v, t);
  }

 private:
  // mixed: r = x1·y2 + x2·y1 from products already known.
  MPIN_MEMBER_INLINE void mixed(E& r, const E& x1, const E& y1, const E& x2, const E& y2,
                                const E& x1x2, const E& y1y2) {
    E t;
    E::add(r, x1, y1);
    E::add(t, x2, y2);
    E::mul(r, r, t);
    E::add(t, x1x2, y1y2);
    E::sub(r, r, t);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_CURVE_H_
