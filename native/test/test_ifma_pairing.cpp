// Tower and pairing of the IFMA kernel, in both its ways, against the portable code.
#include <memory>

#include "check_ifma.h"
#include "ifma_lanes.h"

using namespace mpin_test;
namespace ifma = mpin::ifma;
using Fp12 = mpin::Fp12T<F>;
using Fp12X8 = mpin::Fp12T<FpX8>;
using Pairing = mpin::PairingT<F>;
using Check = ifma::PairingCheck<F>;

namespace {

void random_fp12(Fp12& r) {
  for (int j = 0; j < 6; j++) {
    random_element(Fp12::coefficient(r, j).c0);
    random_element(Fp12::coefficient(r, j).c1);
  }
}
void to_eight(Fp12X8& r, Fp12 in[8]) {
  for (int j = 0; j < 6; j++) {
    F re[8], im[8];
    for (int i = 0; i < 8; i++) {
      re[i] = Fp12::coefficient(in[i], j).c0;
      im[i] = Fp12::coefficient(in[i], j).c1;
    }
    to_lanes(Fp12X8::coefficient(r, j).c0, re);
    to_lanes(Fp12X8::coefficient(r, j).c1, im);
  }
}
bool same_eight(Fp12X8& r, Fp12 wanted[8]) {
  bool equal = true;
  for (int j = 0; j < 6; j++) {
    F re[8], im[8];
    for (int i = 0; i < 8; i++) {
      re[i] = Fp12::coefficient(wanted[i], j).c0;
      im[i] = Fp12::coefficient(wanted[i], j).c1;
    }
    equal &= same(Fp12X8::coefficient(r, j).c0, re) && same(Fp12X8::coefficient(r, j).c1, im);
  }
  return equal;
}
void across(ifma::Fp12Lanes& r, Fp12& a) {
  F re[8], im[8];
  for (int j = 0; j < 8; j++) {
    re[j] = Fp12::coefficient(a, j % 6).c0;  // Lanes 6 and 7 hold anything.
    im[j] = Fp12::coefficient(a, j % 6).c1;
  }
  to_lanes(r.re, re);
  to_lanes(r.im, im);
}
bool same_across(const ifma::Fp12Lanes& a, Fp12& wanted) {
  F re[8], im[8];
  from_lanes(re, a.re);
  from_lanes(im, a.im);
  bool equal = true;
  for (int j = 0; j < 6; j++)
    equal &= F::equal(re[j], Fp12::coefficient(wanted, j).c0) &&
             F::equal(im[j], Fp12::coefficient(wanted, j).c1);
  return equal;
}

IFMA_TEST("Fp12 in IFMA lanes agrees with the portable one, eight at a time and across the lanes") {
  for (int round = 0; round < iterations(200); round++) {
    Fp12 a[8], b[8], c[8];
    for (int i = 0; i < 8; i++) {
      random_fp12(a[i]);
      random_fp12(b[i]);
    }
    Fp12X8 x, y, z;
    to_eight(x, a);
    to_eight(y, b);
    ifma::Fp12Lanes u, v, w;
    across(u, a[0]);
    across(v, b[0]);
    const auto agrees = [&] { return same_eight(z, c) && same_across(w, c[0]); };

    for (int i = 0; i < 8; i++)
      Fp12::mul(c[i], a[i], b[i]);
    Fp12X8::mul(z, x, y);
    ifma::Fp12Lanes::mul(w, u, v);
    CHECK(agrees());
    for (int i = 0; i < 8; i++)
      Fp12::sqr(c[i], a[i]);
    Fp12X8::sqr(z, x);
    ifma::Fp12Lanes::sqr(w, u);
    CHECK(agrees());
    for (int i = 0; i < 8; i++)
      Fp12::inv(c[i], a[i]);
    Fp12X8::inv(z, x);
    Check::inv_vartime(w, u);
    CHECK(agrees());
    for (int i = 0; i < 8; i++)
      Fp12::frobenius1(c[i], a[i]);
    Fp12X8::frobenius1(z, x);
    ifma::Fp12Lanes::frobenius1(w, u);
    CHECK(agrees());
    for (int i = 0; i < 8; i++)
      Fp12::frobenius2(c[i], a[i]);
    Fp12X8::frobenius2(z, x);
    ifma::Fp12Lanes::frobenius2(w, u);
    CHECK(agrees());
    for (int i = 0; i < 8; i++)
      Fp12::frobenius3(c[i], a[i]);
    Fp12X8::frobenius3(z, x);
    ifma::Fp12Lanes::frobenius3(w, u);
    CHECK(agrees());
  }
}

struct Prepared {
  Pairing::G2Prepared scalar[2];
  ifma::PackedLines lanes[2];
};

IFMA_TEST(
    "pairings in IFMA lanes agree with the portable ones, eight at a time and across the lanes") {
  const auto prepared = std::make_unique<Prepared>();
  mpin::G2T<F>::Affine q;
  mpin::G2T<F>::generator(q);
  for (int i = 0; i < 2; i++) {
    mpin::G2T<F>::Projective t;
    const uint64_t k[4] = {random_word() | 1, random_word(), random_word(), random_word() >> 3};
    mpin::G2T<F>::mul(t, q, k);
    mpin::G2T<F>::to_affine(q, t);
    Pairing::prepare(prepared->scalar[i], q);
    ifma::pack_lines<F>(prepared->lanes[i], prepared->scalar[i]);
  }
  const auto lines = std::make_unique<Check::LineProducts[]>(Check::kGroups);
  for (int round = 0; round < iterations(10); round++) {
    F values[4][8];
    mpin::ifma::Pairing8::G1Prepared p1, p2, s1, s2;
    for (auto& row : values)
      for (F& value : row)
        random_element(value);
    if (round == 0) F::set_zero(values[0][3]), F::set_zero(values[1][3]);  // Infinity.
    to_lanes(p1.x_over_y, values[0]);
    to_lanes(p1.y_inverse, values[1]);
    to_lanes(p2.x_over_y, values[2]);
    to_lanes(p2.y_inverse, values[3]);
    Fp12 wanted[8];
    for (int i = 0; i < 8; i++) {
      Pairing::miller2(wanted[i], {values[0][i], values[1][i]}, prepared->scalar[0],
                       {values[2][i], values[3][i]}, prepared->scalar[1]);
      mpin::CyclotomicT<F>::final_exp(wanted[i], wanted[i]);
    }
    Fp12X8 f;
    ifma::Miller8::run(f, p1, prepared->lanes[0], p2, prepared->lanes[1]);
    mpin::CyclotomicT<FpX8>::final_exp(f, f);
    CHECK(same_eight(f, wanted));

    Check::broadcast(s1.x_over_y, values[0][0]);
    Check::broadcast(s1.y_inverse, values[1][0]);
    Check::broadcast(s2.x_over_y, values[2][0]);
    Check::broadcast(s2.y_inverse, values[3][0]);
    Check::evaluate_lines(lines.get(), s1, prepared->lanes[0], s2, prepared->lanes[1]);
    ifma::Fp12Lanes g;
    Check::miller(g, lines.get());
    Check::final_exp(g, g);
    CHECK(same_across(g, wanted[0]));
    for (int i = 0; i < 70; i++) {  // Bounds must not grow over long chains of squares.
      mpin::CyclotomicT<F>::sqr(wanted[0], wanted[0]);
      ifma::CyclotomicLanes::sqr(g, g);
    }
    CHECK(same_across(g, wanted[0]));
  }
}

}  // namespace
