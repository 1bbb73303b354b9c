// The pairing against a textbook one, and its laws.
#include <memory>

#include "test_types.h"

namespace mpin_test {
namespace {

// --- Just enough of large numbers for the exponent of the final exponentiation -------------------

using Big = std::vector<uint64_t>;

Big big_mul(const Big& a, const Big& b) {
  Big r(a.size() + b.size(), 0);
  for (size_t i = 0; i < a.size(); i++) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.size(); j++)
      r[i + j] = mpin::PortableEngine::multiply_add(a[i], b[j], r[i + j], &carry);
    r[i + b.size()] = carry;
  }
  return r;
}

bool big_sub_if_not_less(Big& a, const Big& b) {  // a -= b when a >= b; a has one word more.
  Big t(a.size());
  unsigned char borrow = 0;
  for (size_t i = 0; i < a.size(); i++)
    t[i] = mpin::subb(a[i], i < b.size() ? b[i] : 0, &borrow);
  if (!borrow) a = t;
  return !borrow;
}

Big big_divide(const Big& a, const Big& b) {
  Big quotient(a.size(), 0), rest(b.size() + 1, 0);
  for (size_t i = 64 * a.size(); i-- > 0;) {
    for (size_t j = rest.size(); j-- > 0;)
      rest[j] = rest[j] << 1 | (j > 0 ? rest[j - 1] >> 63 : a[i / 64] >> (i % 64) & 1);
    if (big_sub_if_not_less(rest, b)) quotient[i / 64] |= uint64_t{1} << (i % 64);
  }
  return quotient;
}

// slow_final_exp: f^(m·(p^12-1)/r) with m = 2u(6u²+3u+1) < 0, by plain powers.
Fp12 slow_final_exp(const Fp12& f) {
  Big p12 = {1};
  for (int i = 0; i < 12; i++)
    p12 = big_mul(p12, prime_p());
  p12[0] -= 1;  // p is odd, so nothing is borrowed.
  Fp12 t = power(f, big_divide(p12, prime_r()));
  const uint64_t u = mpin::params::kAbsU;
  const mpin::uint128_t uu =
      static_cast<mpin::uint128_t>(u) * u * 6 - 3 * static_cast<mpin::uint128_t>(u) + 1;
  t = power(t, big_mul({2 * u}, {static_cast<uint64_t>(uu), static_cast<uint64_t>(uu >> 64)}));
  Fp12::inv(t, t);
  return t;
}

// --- A textbook optimal ate pairing on E(Fp12) in affine coordinates
// -------------------------------

struct Point12 {
  Fp12 x, y;
};

void sub12(Fp12& r, const Fp12& a, const Fp12& b) {
  Fp6::sub(r.c0, a.c0, b.c0);
  Fp6::sub(r.c1, a.c1, b.c1);
}

// line_and_add: the line through t and q at p; t += q.
Fp12 line_and_add(Point12& t, const Point12& q, const Point12& p) {
  Fp12 slope, d, value, x;
  if (Fp12::equal(t.x, q.x)) {
    Fp12::sqr(slope, t.x), Fp12::add(d, slope, slope), Fp12::add(slope, slope, d);
    Fp12::add(d, t.y, t.y);
  } else {
    sub12(slope, q.y, t.y), sub12(d, q.x, t.x);
  }
  Fp12::inv(d, d), Fp12::mul(slope, slope, d);
  sub12(value, p.x, t.x), Fp12::mul(value, value, slope);
  sub12(d, p.y, t.y), sub12(value, d, value);
  Fp12::sqr(x, slope), sub12(x, x, t.x), sub12(x, x, q.x);
  sub12(d, t.x, x), Fp12::mul(d, d, slope), sub12(t.y, d, t.y);
  t.x = x;
  return value;
}

Fp12 reference_miller(const G1::Affine& p1, const G2::Affine& q2) {
  Point12 p, q;
  for (Fp12* f : {&p.x, &p.y, &q.x, &q.y})
    Fp6::set_zero(f->c0), Fp6::set_zero(f->c1);
  p.x.c0.c0.c0 = p1.x, p.y.c0.c0.c0 = p1.y;
  Fp12::coefficient(q.x, 2) = q2.x, Fp12::coefficient(q.y, 3) = q2.y;  // (x·w², y·w³)
  Point12 t = q;
  Fp12 f;
  Fp12::set_one(f);
  const mpin::uint128_t loop = 6 * static_cast<mpin::uint128_t>(mpin::params::kAbsU) - 2;
  for (int i = 63; i >= 0; i--) {  // |6u + 2| has 65 bits.
    Fp12::mul(f, f, f), Fp12::mul(f, f, line_and_add(t, Point12(t), p));
    if (loop >> i & 1) Fp12::mul(f, f, line_and_add(t, q, p));
  }
  Fp12::inv(f, f);  // u is negative.
  Fp6::neg(t.y.c0, t.y.c0), Fp6::neg(t.y.c1, t.y.c1);
  Point12 image;
  Fp12::frobenius1(image.x, q.x), Fp12::frobenius1(image.y, q.y);
  Fp12::mul(f, f, line_and_add(t, image, p));
  Fp12::frobenius2(image.x, q.x), Fp12::frobenius2(image.y, q.y);
  Fp6::neg(image.y.c0, image.y.c0), Fp6::neg(image.y.c1, image.y.c1);
  Fp12::mul(f, f, line_and_add(t, image, p));
  return f;
}

// --- The pairing under test
// -----------------------------------------------------------------------

Pairing::G1Prepared prepare_g1(const G1::Projective& a) {
  G1::Jacobian j, other;
  // X/Z = (XZ)/Z², Y/Z = (YZ²)/Z³.
  Fp zz;
  Fp::sqr(zz, a.z), Fp::mul(j.x, a.x, a.z), Fp::mul(j.y, a.y, zz), j.z = a.z;
  if (Fp::is_zero(a.z)) G1::set_infinity(j);
  G1::from_affine(other, random_g1());
  Pairing::G1Prepared p, unused;
  Pairing::prepare_g1(p, unused, j, other, mpin::PowerT<Fp>::inv);
  return p;
}

G1::Projective times(const G1::Affine& a, const uint64_t k[4]) {
  G1::Digits digits;
  G1::Projective p;
  G1::digits(&digits, k), G1::mul(p, a, digits);
  return p;
}

G1::Projective lift(const G1::Affine& a) {
  G1::Projective p;
  G1::from_affine(p, a);
  return p;
}

Fp12 pair(const G1::Projective& p, const G2::Affine& q) {
  auto prepared = std::make_unique<Pairing::G2Prepared>();
  Pairing::prepare(*prepared, q);
  Fp12 f;
  Pairing::miller1(f, prepare_g1(p), *prepared);
  Cyclotomic::final_exp(f, f);
  return f;
}

TEST("the fast final exponentiation is the slow power") {
  const Fp12 f = random_element<Fp12>();
  Fp12 fast;
  Cyclotomic::final_exp(fast, f), CHECK(same(fast, slow_final_exp(f)));
}

TEST("the prepared pairing agrees with the textbook pairing") {
  for (int i = 0; i < iterations(2); i++) {
    const G1::Affine p = random_g1();
    const G2::Affine q = random_g2();
    CHECK(same(pair(lift(p), q), slow_final_exp(reference_miller(p, q))));
  }
}

TEST("the pairing is bilinear, not degenerate, and of order r") {
  Fp12 one;
  Fp12::set_one(one);
  for (int i = 0; i < iterations(4); i++) {
    const G1::Affine p = random_g1();
    const G2::Affine q = random_g2();
    uint64_t k[4];
    random_scalar(k);
    const Fp12 base = pair(lift(p), q);
    CHECK(!same(base, one));
    CHECK(same(power(base, prime_r()), one));
    const Fp12 expected = power(base, Big(k, k + 4));
    CHECK(same(pair(times(p, k), q), expected));
    G2::Projective kq;
    G2::mul(kq, q, k);
    if (G2::is_infinity(kq)) continue;
    G2::Affine affine;
    G2::to_affine(affine, kq), CHECK(same(pair(lift(p), affine), expected));
    // e(P + R, Q) = e(P, Q)·e(R, Q)
    const G1::Affine other = random_g1();
    G1::Projective sum;
    G1::add(sum, lift(p), lift(other));
    Fp12 product;
    Fp12::mul(product, base, pair(lift(other), q)), CHECK(same(pair(sum, q), product));
    // e(-P, Q)·e(P, Q) = 1
    G1::Affine minus;
    G1::neg(minus, p);
    Fp12::mul(product, base, pair(lift(minus), q)), CHECK(same(product, one));
  }
}

TEST("a double Miller loop is the product of two, and infinity pairs to one") {
  Fp12 one, both, product;
  Fp12::set_one(one);
  const G1::Affine p1 = random_g1(), p2 = random_g1();
  const G2::Affine q1 = random_g2(), q2 = random_g2();
  auto prepared1 = std::make_unique<Pairing::G2Prepared>();
  auto prepared2 = std::make_unique<Pairing::G2Prepared>();
  Pairing::prepare(*prepared1, q1), Pairing::prepare(*prepared2, q2);
  Pairing::miller2(both, prepare_g1(lift(p1)), *prepared1, prepare_g1(lift(p2)), *prepared2);
  Cyclotomic::final_exp(both, both);
  Fp12::mul(product, pair(lift(p1), q1), pair(lift(p2), q2)), CHECK(same(both, product));
  G1::Projective infinity;
  G1::set_infinity(infinity), CHECK(same(pair(infinity, q1), one));
}

}  // namespace
}  // namespace mpin_test
