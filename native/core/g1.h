// G1: y² = x³ + 2 over Fp. The whole curve has prime order r, so a point on the curve is in G1.
#ifndef MPIN_CORE_G1_H_
#define MPIN_CORE_G1_H_

#include "curve.h"
#include "scalar.h"

namespace mpin {

template <class F>
struct CurveG1T {
  MPIN_MEMBER_INLINE void add_b(F& r) {
    F b;
    F::set_one(b);
    F::dbl(b, b);
    F::add(r, r, b);
  }
  // mul_by_3b: 6a.
  MPIN_MEMBER_INLINE void mul_by_3b(F& r, const F& a) {
    F t;
    F::dbl(t, a);
    F::add(t, t, a);
    F::dbl(r, t);
  }
};

template <class F>
struct G1T : CurveT<F, CurveG1T<F>> {
  using Curve = CurveT<F, CurveG1T<F>>;
  using Affine = typename Curve::Affine;
  using Jacobian = typename Curve::Jacobian;
  using Projective = typename Curve::Projective;
  using Mask = typename F::Mask;

  static constexpr int kWindowCount = 32;    // Of 4 bits, for a half scalar.
  static constexpr int kPinWindowCount = 4;  // For a PIN: 14 bits.
  static constexpr int kNafWidth = 5;
  static constexpr int kNafTable = 1 << (kNafWidth - 2);

  // The digits of one scalar, to be used with many points. A secret if the scalar is.
  struct Digits {
    int8_t d1[kWindowCount], d2[kWindowCount];
    uint64_t negative1, negative2;
  };

  static void digits(Digits* r, const uint64_t k[4]) {
    Secret<HalfScalar> k1, k2;
    glv_split(&*k1, &*k2, k);
    windows4(r->d1, k1->magnitude, kWindowCount);
    windows4(r->d2, k2->magnitude, kWindowCount);
    r->negative1 = k1->negative;
    r->negative2 = k2->negative;
  }

  // table8: 1a, 2a, …, 8a.
  static void table8(Projective table[8], const Affine& a) {
    Curve::from_affine(table[0], a);
    for (int i = 1; i < 8; i++) {
      if (i & 1)
        Curve::dbl(table[i], table[i / 2]);
      else
        Curve::add(table[i], table[i - 1], table[0]);
    }
  }

  // lookup: ±digit·a for a digit in [-8, 8], reading the whole table.
  MPIN_MEMBER_INLINE void lookup(Projective& r, const Projective table[8], int8_t digit,
                                 uint64_t negate) {
    const int64_t d = digit;
    const uint64_t minus = value_barrier(static_cast<uint64_t>(d >> 63));
    const uint64_t size = (static_cast<uint64_t>(d) ^ minus) - minus;
    Curve::set_infinity(r);
    for (uint64_t i = 0; i < 8; i++)
      Curve::select(r, F::mask_all(mask_eq(size, i + 1) & 1), table[i], r);
    F y;
    F::neg(y, r.y);
    F::select(r.y, F::mask_all((minus ^ negate) & 1), y, r.y);
  }

  // mul: r = k·a for digits of k. 124 doublings and 64 additions with complete formulas, table
  // entries read by masks: constant-time in k and a.
  MPIN_NOINLINE static void mul(Projective& r, const Affine& a, const Digits& k) {
    Secret<Projective[8]> table, endo;
    Projective t, sum;
    F beta;
    F::set_constant(beta, params::kBeta);
    table8(*table, a);
    for (int i = 0; i < 8; i++) {
      F::mul((*endo)[i].x, (*table)[i].x, beta);
      (*endo)[i].y = (*table)[i].y;
      (*endo)[i].z = (*table)[i].z;
    }
    Curve::set_infinity(sum);
    for (int i = kWindowCount - 1; i >= 0; i--) {
      if (i != kWindowCount - 1)
        for (int j = 0; j < 4; j++)
          Curve::dbl(sum, sum);
      lookup(t, *table, k.d1[i], k.negative1);
      Curve::add(sum, sum, t);
      lookup(t, *endo, k.d2[i], k.negative2);
      Curve::add(sum, sum, t);
    }
    r = sum;
    secret_wipe(&t, sizeof t);
    secret_wipe(&sum, sizeof sum);
  }

  // mul_pin: r = pin·a for pin < 2^15. Constant-time in pin.
  MPIN_NOINLINE static void mul_pin(Projective& r, const Affine& a, uint32_t pin) {
    Secret<int8_t[kPinWindowCount]> d;
    Projective table[8], t, sum;
    const uint64_t k = pin;
    windows4(*d, &k, kPinWindowCount);
    table8(table, a);
    Curve::set_infinity(sum);
    for (int i = kPinWindowCount - 1; i >= 0; i--) {
      if (i != kPinWindowCount - 1)
        for (int j = 0; j < 4; j++)
          Curve::dbl(sum, sum);
      lookup(t, table, (*d)[i], 0);
      Curve::add(sum, sum, t);
    }
    r = sum;
    secret_wipe(&t, sizeof t);
    secret_wipe(&sum, sizeof sum);
  }

  // odd_multiples: table[i] = (2i+1)·a as if affine: on the isomorphic curve y² = x³ + b·s⁶, whose
  // formulas are the same because they never use b. A point (x, y, z) computed with the table is
  // (x, y, z·s) on the curve itself. All entries are brought to the z of the last one, which saves
  // the inversion ("effective affine", the idea is Dettman's in libsecp256k1).
  static void odd_multiples_vartime(Affine table[kNafTable], F& scale, const Jacobian& a) {
    Jacobian twice, t;
    F ratio[kNafTable], zz, zzz;
    Curve::dbl(twice, a);
    const Affine step = {twice.x, twice.y};  // 2a on the curve scaled by the z of 2a.
    F::sqr(zz, twice.z);
    F::mul(zzz, zz, twice.z);
    F::mul(t.x, a.x, zz);
    F::mul(t.y, a.y, zzz);
    t.z = a.z;
    table[0] = {t.x, t.y};
    for (int i = 1; i < kNafTable; i++) {
      // (2i-1)·a and 2a differ and are not opposite: r is a large prime.
      Curve::add_affine_vartime(t, t, step, &ratio[i]);
      table[i] = {t.x, t.y};
    }
    F::mul(scale, t.z, twice.z);
    F z = ratio[kNafTable - 1];
    for (int i = kNafTable - 2; i >= 0; i--) {
      F::sqr(zz, z);
      F::mul(table[i].x, table[i].x, zz);
      F::mul(zzz, zz, z);
      F::mul(table[i].y, table[i].y, zzz);
      if (i > 0) F::mul(z, z, ratio[i]);
    }
  }

  // mul_vartime: r = k·a for public k < r, a finite: GLV with two interleaved NAFs of width 5.
  MPIN_NOINLINE static void mul_vartime(Jacobian& r, const Jacobian& a, const uint64_t k[4]) {
    Affine table[kNafTable];
    F scale, beta, endo[kNafTable];
    F::set_constant(beta, params::kBeta);
    odd_multiples_vartime(table, scale, a);
    for (int i = 0; i < kNafTable; i++)
      F::mul(endo[i], table[i].x, beta);

    HalfScalar k1, k2;
    glv_split(&k1, &k2, k);
    int8_t d1[128] = {}, d2[128] = {};
    const int n1 = naf_vartime(d1, k1.magnitude, kNafWidth);
    const int n2 = naf_vartime(d2, k2.magnitude, kNafWidth);
    Jacobian sum;
    Curve::set_infinity(sum);
    for (int i = (n1 > n2 ? n1 : n2) - 1; i >= 0; i--) {
      Curve::dbl(sum, sum);
      if (d1[i] != 0) {
        const int j = (d1[i] < 0 ? -d1[i] : d1[i]) >> 1;
        add_signed_vartime(sum, table[j].x, table[j].y, (d1[i] < 0) != (k1.negative != 0));
      }
      if (d2[i] != 0) {
        const int j = (d2[i] < 0 ? -d2[i] : d2[i]) >> 1;
        add_signed_vartime(sum, endo[j], table[j].y, (d2[i] < 0) != (k2.negative != 0));
      }
    }
    F::mul(sum.z, sum.z, scale);
    r = sum;
  }

  MPIN_MEMBER_INLINE void add_signed_vartime(Jacobian& sum, const F& x, const F& y, bool negate) {
    Affine a = {x, y};
    if (negate) F::neg(a.y, y);
    Curve::add_affine_vartime(sum, sum, a);
  }

  // --- Encoding: 04 | x | y ---------------------------------------------------------------------

  // decode: false unless the bytes are a finite point of the curve in their only encoding.
  // Constant-time in a valid point.
  static bool decode(Affine& r, const uint8_t in[65]) {
    Mask valid = mask_eq(in[0], 4);
    valid &= F::from_bytes(r.x, in + 1);
    valid &= F::from_bytes(r.y, in + 33);
    return declassify(valid & Curve::on_curve(r));
  }
  static void encode(uint8_t out[65], const Affine& a) {
    out[0] = 4;
    F::to_bytes(out + 1, a.x);
    F::to_bytes(out + 33, a.y);
  }
  // encode_many: n ≤ kEncodeMax finite points with one inversion (Montgomery 1987). Constant-time.
  static constexpr size_t kEncodeMax = 16;
  static void encode_many(uint8_t* out, const Projective* points, size_t n) {
    MPIN_CHECK(n >= 1 && n <= kEncodeMax);
    Secret<F[kEncodeMax]> products;
    F inverse, z;
    (*products)[0] = points[0].z;
    for (size_t i = 1; i < n; i++)
      F::mul((*products)[i], (*products)[i - 1], points[i].z);
    PowerT<F>::inv(inverse, (*products)[n - 1]);
    for (size_t i = n; i-- > 0;) {
      if (i > 0)
        F::mul(z, inverse, (*products)[i - 1]);
      else
        z = inverse;
      F::mul(inverse, inverse, points[i].z);
      Secret<Affine> a;
      F::mul(a->x, points[i].x, z);
      F::mul(a->y, points[i].y, z);
      encode(out + 65 * i, *a);
    }
    secret_wipe(&z, sizeof z);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_G1_H_
