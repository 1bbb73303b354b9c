// Fp2, Fp6, Fp12: structure, Frobenius, the cyclotomic subgroup, sparse products.
#include "test_types.h"

namespace mpin_test {
namespace {

// basis: w^j as an element of Fp12.
Fp12 basis(int j) {
  Fp12 r;
  Fp6::set_zero(r.c0), Fp6::set_zero(r.c1);
  Fp2::set_one(Fp12::coefficient(r, j));
  return r;
}

// cyclotomic: a random element of the subgroup.
Fp12 cyclotomic() {
  Fp12 r;
  Cyclotomic::final_exp_easy(r, random_element<Fp12>());
  return r;
}

TEST("the tower is Fp[i]/(i²+1), Fp2[v]/(v³-1-i), Fp6[w]/(w²-v)") {
  Fp2 i, t, minus_one, xi;
  Fp::set_zero(i.c0), Fp::set_one(i.c1);
  Fp2::sqr(t, i);
  Fp2::set_one(minus_one), Fp2::neg(minus_one, minus_one);
  CHECK(same(t, minus_one));
  Fp::set_one(xi.c0), Fp::set_one(xi.c1);
  for (int k = 0; k < iterations(20); k++) {
    const Fp2 a = random_element<Fp2>();
    Fp2 s;
    Fp2::mul(s, a, xi), Fp2::mul_by_xi(t, a), CHECK(same(s, t));
  }
  // w^a·w^b = w^(a+b), with w^6 = xi.
  for (int a = 0; a < 6; a++) {
    for (int b = 0; b < 6; b++) {
      Fp12 product, expected = basis((a + b) % 6);
      Fp12::mul(product, basis(a), basis(b));
      if (a + b >= 6) Fp12::coefficient(expected, (a + b) % 6) = xi;
      CHECK(same(product, expected));
    }
  }
}

TEST("products of Fp12 agree with the schoolbook over Fp2") {
  Fp2 xi;
  Fp::set_one(xi.c0), Fp::set_one(xi.c1);
  for (int k = 0; k < iterations(100); k++) {
    Fp12 a = random_element<Fp12>(), b = random_element<Fp12>(), expected, product;
    Fp6::set_zero(expected.c0), Fp6::set_zero(expected.c1);
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j < 6; j++) {
        Fp2 t;
        Fp2::mul(t, Fp12::coefficient(a, i), Fp12::coefficient(b, j));
        if (i + j >= 6) Fp2::mul(t, t, xi);
        Fp2& sum = Fp12::coefficient(expected, (i + j) % 6);
        Fp2::add(sum, sum, t);
      }
    }
    Fp12::mul(product, a, b), CHECK(same(product, expected));
  }
}

TEST("Frobenius maps are powers of p, and twelve of them are the identity") {
  for (int k = 0; k < iterations(5); k++) {
    const Fp12 a = random_element<Fp12>();
    Fp12 f1, f2, f3, t;
    Fp12::frobenius1(f1, a), Fp12::frobenius2(f2, a), Fp12::frobenius3(f3, a);
    t = power(a, prime_p()), CHECK(same(t, f1));
    t = power(t, prime_p()), CHECK(same(t, f2));
    t = power(t, prime_p()), CHECK(same(t, f3));
    t = a;
    for (int i = 0; i < 6; i++)
      Fp12::frobenius1(t, t);
    Fp12::conj(f1, a), CHECK(same(t, f1));
    for (int i = 0; i < 6; i++)
      Fp12::frobenius1(t, t);
    CHECK(same(t, a));
  }
}

TEST("in the cyclotomic subgroup squares are squares and conjugates are inverses") {
  Fp12 one;
  Fp12::set_one(one);
  for (int k = 0; k < iterations(20); k++) {
    const Fp12 a = cyclotomic();
    Fp12 s, t;
    Fp12::sqr(s, a), Cyclotomic::sqr(t, a), CHECK(same(s, t));
    t = a, Cyclotomic::sqr(t, t), CHECK(same(s, t));
    Fp12::conj(s, a), Fp12::mul(s, s, a), CHECK(same(s, one));
  }
  Fp12 t;
  Cyclotomic::sqr(t, one), CHECK(same(t, one));
}

TEST("pow_u and small powers agree with square and multiply") {
  const Fp12 a = cyclotomic();
  Fp12 t, s = power(a, {mpin::params::kAbsU});
  Fp12::conj(s, s);
  Cyclotomic::pow_u(t, a), CHECK(same(s, t));
  for (uint32_t e : {0u, 1u, 2u, 201u, 9999u}) {
    Cyclotomic::pow_vartime(t, a, e), CHECK(same(t, power(a, {e})));
  }
}

TEST("sparse products agree with dense ones") {
  for (int k = 0; k < iterations(50); k++) {
    const Fp12 a = random_element<Fp12>();
    Fp12 b = random_element<Fp12>(), s, t;
    Fp2::set_zero(b.c1.c2);
    Fp12::mul(s, a, b);
    Fp12::mul_by_01234(t, a, b.c0, b.c1.c0, b.c1.c1), CHECK(same(s, t));
    t = a, Fp12::mul_by_01234(t, t, b.c0, b.c1.c0, b.c1.c1), CHECK(same(s, t));

    // Two lines at two points, against 1 + a·w + b·w³ written out.
    const Pairing::Line l1 = random_element<Pairing::Line>(), l2 = random_element<Pairing::Line>();
    const auto p1 = random_element<Pairing::G1Prepared>();
    const auto p2 = random_element<Pairing::G1Prepared>();
    Fp12 line1 = basis(0), line2 = basis(0);
    Fp2::mul_by_base(line1.c1.c0, l1.a, p1.x_over_y);
    Fp2::mul_by_base(line1.c1.c1, l1.b, p1.y_inverse);
    Fp2::mul_by_base(line2.c1.c0, l2.a, p2.x_over_y);
    Fp2::mul_by_base(line2.c1.c1, l2.b, p2.y_inverse);
    Fp12::mul(s, line1, line2);
    Pairing::mul_by_lines(t, true, l1, p1, l2, p2), CHECK(same(s, t));
    Fp12::mul(s, s, a);
    t = a, Pairing::mul_by_lines(t, false, l1, p1, l2, p2), CHECK(same(s, t));
  }
}

}  // namespace
}  // namespace mpin_test
