// G2: the points of order r on the twist y² = x³ + (1 - i) over Fp2, whose order is r(2p - r).
#ifndef MPIN_CORE_G2_H_
#define MPIN_CORE_G2_H_

#include "curve.h"
#include "scalar.h"

namespace mpin {

template <class F>
struct CurveG2T {
  using Fp2 = Fp2T<F>;

  MPIN_MEMBER_INLINE void add_b(Fp2& r) {
    F one;
    F::set_one(one);
    F::add(r.c0, r.c0, one);
    F::sub(r.c1, r.c1, one);
  }
  // mul_by_3b: 3(1 - i)·a = 3(c0 + c1) + 3i(c1 - c0).
  MPIN_MEMBER_INLINE void mul_by_3b(Fp2& r, const Fp2& a) {
    Fp2 t, triple;
    F::add(t.c0, a.c0, a.c1);
    F::sub(t.c1, a.c1, a.c0);
    Fp2::dbl(triple, t);
    Fp2::add(r, triple, t);
  }
};

template <class F>
struct G2T : CurveT<Fp2T<F>, CurveG2T<F>> {
  using Fp2 = Fp2T<F>;
  using Curve = CurveT<Fp2, CurveG2T<F>>;
  using Affine = typename Curve::Affine;
  using Jacobian = typename Curve::Jacobian;
  using Projective = typename Curve::Projective;
  using Mask = typename F::Mask;

  static constexpr int kWindowCount = 64;  // Of 4 bits: a scalar below r has 254 bits.

  static void generator(Affine& r) {
    Fp2::set_constant(r.x, params::kG2X);
    Fp2::set_constant(r.y, params::kG2Y);
  }

  // mul: r = k·a, k < 2^255. Windows of 4 bits, complete formulas, table read by masks:
  // constant-time in k and a. Right for every point of the twist.
  MPIN_NOINLINE static void mul(Projective& r, const Affine& a, const uint64_t k[4]) {
    Secret<int8_t[kWindowCount]> digits;
    Secret<Projective[8]> table;
    Projective t, sum;
    windows4(*digits, k, kWindowCount);
    Curve::from_affine((*table)[0], a);
    for (int i = 1; i < 8; i++)
      Curve::add((*table)[i], (*table)[i - 1], (*table)[0]);
    Curve::set_infinity(sum);
    for (int i = kWindowCount - 1; i >= 0; i--) {
      if (i != kWindowCount - 1)
        for (int j = 0; j < 4; j++)
          Curve::dbl(sum, sum);
      lookup(t, *table, (*digits)[i]);
      Curve::add(sum, sum, t);
    }
    r = sum;
    secret_wipe(&t, sizeof t);
    secret_wipe(&sum, sizeof sum);
  }

  MPIN_MEMBER_INLINE void lookup(Projective& r, const Projective table[8], int8_t digit) {
    const int64_t d = digit;
    const uint64_t minus = value_barrier(static_cast<uint64_t>(d >> 63));
    const uint64_t size = (static_cast<uint64_t>(d) ^ minus) - minus;
    Curve::set_infinity(r);
    for (uint64_t i = 0; i < 8; i++)
      Curve::select(r, F::mask_all(mask_eq(size, i + 1) & 1), table[i], r);
    Fp2 y;
    Fp2::neg(y, r.y);
    Fp2::select(r.y, F::mask_all(minus & 1), y, r.y);
  }

  // psi: twist ∘ p-power ∘ untwist, which acts on G2 as the multiplication by p.
  static void psi(Projective& r, const Projective& a) {
    Fp2 factor;
    Fp2::conj(r.x, a.x);
    Fp2::conj(r.y, a.y);
    Fp2::conj(r.z, a.z);
    Fp2::set_constant(factor, params::kFrobenius1[1]);
    Fp2::mul(r.x, r.x, factor);
    Fp2::set_constant(factor, params::kFrobenius1[2]);
    Fp2::mul(r.y, r.y, factor);
  }

  // mul_by_u: u·a; the steps depend on the public u only.
  static void mul_by_u(Projective& r, const Projective& a) {
    Projective t = a, minus = a;
    Fp2::neg(minus.y, a.y);
    for (int i = params::kUDigitCount - 2; i >= 0; i--) {
      Curve::dbl(t, t);
      if (params::kUDigits[i] > 0) Curve::add(t, t, a);
      if (params::kUDigits[i] < 0) Curve::add(t, t, minus);
    }
    r = t;
    Fp2::neg(r.y, t.y);  // u is negative.
  }

  // in_subgroup: (u+1)P + psi(uP) + psi²(uP) = psi³(2uP), for P on the twist (El Housni, Guillevic,
  // Piellard, eprint 2022/352). The generator of params.h asserts that this holds in G2 only.
  static Mask in_subgroup(const Affine& a) {
    Projective p, up, left, right;
    Curve::from_affine(p, a);
    mul_by_u(up, p);
    Curve::add(left, up, p);
    psi(p, up);
    Curve::add(left, left, p);
    psi(p, p);
    Curve::add(left, left, p);
    psi(p, p);
    Curve::dbl(right, p);
    return Curve::equal(left, right);
  }

  // --- Encoding: xa | xb | ya | yb
  // ----------------------------------------------------------------

  // decode: false unless the bytes are a finite point of the subgroup in their only encoding.
  static bool decode(Affine& r, const uint8_t in[128]) {
    Mask valid = F::from_bytes(r.x.c0, in);
    valid &= F::from_bytes(r.x.c1, in + 32);
    valid &= F::from_bytes(r.y.c0, in + 64);
    valid &= F::from_bytes(r.y.c1, in + 96);
    // The order of a point off the curve means nothing: look only when it is on it.
    return declassify(valid & Curve::on_curve(r)) && declassify(in_subgroup(r));
  }
  static void encode(uint8_t out[128], const Affine& a) {
    F::to_bytes(out, a.x.c0);
    F::to_bytes(out + 32, a.x.c1);
    F::to_bytes(out + 64, a.y.c0);
    F::to_bytes(out + 96, a.y.c1);
  }
  // to_affine: the point must be finite. Constant-time.
  static void to_affine(Affine& r, const Projective& a) {
    Fp2 z;
    Fp2::inv(z, a.z);
    Fp2::mul(r.x, a.x, z);
    Fp2::mul(r.y, a.y, z);
    secret_wipe(&z, sizeof z);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_G2_H_
