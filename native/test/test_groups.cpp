// G1 and G2: group laws, scalar multiplications, endomorphisms, the subgroup, the mapping,
// encodings.
#include <cstring>

#include "test_types.h"

namespace mpin_test {

// A square root in Fp2 by the norm (Adj, Rodríguez-Henríquez, eprint 2012/685), for tests only.
static bool fp2_sqrt(Fp2& r, const Fp2& a) {
  Fp norm, t, half, two;
  Fp::sqr(norm, a.c0), Fp::sqr(t, a.c1), Fp::add(norm, norm, t);
  if (!mpin::PowerT<Fp>::sqrt(norm, norm)) return false;
  Fp::set_one(two), Fp::add(two, two, two), mpin::PowerT<Fp>::inv(half, two);
  Fp::add(t, a.c0, norm), Fp::mul(t, t, half);
  if (!mpin::PowerT<Fp>::sqrt(r.c0, t)) {
    Fp::sub(t, a.c0, norm), Fp::mul(t, t, half);
    if (!mpin::PowerT<Fp>::sqrt(r.c0, t)) return false;
  }
  Fp::add(t, r.c0, r.c0), mpin::PowerT<Fp>::inv(t, t), Fp::mul(r.c1, a.c1, t);
  Fp2 square;
  Fp2::sqr(square, r);
  return same(square, a);
}

G2::Affine random_twist_point() {
  G2::Affine a;
  Fp2 right;
  do {
    a.x = random_element<Fp2>();
    Fp2::sqr(right, a.x), Fp2::mul(right, right, a.x), mpin::CurveG2T<Fp>::add_b(right);
  } while (!fp2_sqrt(a.y, right));
  return a;
}

G2::Affine random_g2() {
  G2::Affine q;
  G2::Projective p;
  uint64_t k[4];
  do
    random_scalar(k);
  while (mpin::limbs_is_zero_mask<4>(k));
  G2::generator(q), G2::mul(p, q, k), G2::to_affine(q, p);
  return q;
}

namespace {

template <class G>
typename G::Projective lift(const typename G::Affine& a) {
  typename G::Projective p;
  G::from_affine(p, a);
  return p;
}

// reference_mul: double and add with the complete formulas, bit by bit.
template <class G>
typename G::Projective reference_mul(const typename G::Affine& a, const uint64_t k[4]) {
  typename G::Projective sum;
  G::set_infinity(sum);
  for (int i = 255; i >= 0; i--) {
    G::dbl(sum, sum);
    if (k[i / 64] >> (i % 64) & 1) G::add(sum, sum, lift<G>(a));
  }
  return sum;
}

// project: Jacobian to projective.
template <class G>
typename G::Projective project(const typename G::Jacobian& a) {
  using E = decltype(a.x);
  typename G::Projective p;
  if (std::decay_t<E>::is_zero(a.z)) {
    G::set_infinity(p);
    return p;
  }
  std::decay_t<E> zz;
  std::decay_t<E>::sqr(zz, a.z);
  std::decay_t<E>::mul(p.x, a.x, a.z);
  p.y = a.y;
  std::decay_t<E>::mul(p.z, zz, a.z);
  return p;
}

template <class G>
void check_group_law(typename G::Affine (*random_point)(), int n) {
  typename G::Projective infinity, s, t;
  G::set_infinity(infinity);
  G::add(s, infinity, infinity), CHECK(G::is_infinity(s));
  G::dbl(s, infinity), CHECK(G::is_infinity(s));
  for (int i = 0; i < iterations(n); i++) {
    const typename G::Affine a = random_point(), b = random_point(), c = random_point();
    typename G::Affine minus;
    CHECK(G::on_curve(a));
    G::neg(minus, a);
    G::add(s, lift<G>(a), lift<G>(minus)), CHECK(G::is_infinity(s));
    G::add(s, lift<G>(a), infinity), CHECK(G::equal(s, lift<G>(a)));
    G::add(s, infinity, lift<G>(a)), CHECK(G::equal(s, lift<G>(a)));
    G::add(s, lift<G>(a), lift<G>(a)), G::dbl(t, lift<G>(a)), CHECK(G::equal(s, t));
    CHECK(!G::equal(s, lift<G>(a)) && !G::equal(s, infinity) && !G::equal(infinity, s));
    // (a + b) + c = a + (b + c), a + b = b + a.
    G::add(s, lift<G>(a), lift<G>(b)), G::add(s, s, lift<G>(c));
    G::add(t, lift<G>(c), lift<G>(b)), G::add(t, t, lift<G>(a)), CHECK(G::equal(s, t));
    // The Jacobian formulas agree, special cases included.
    typename G::Jacobian j, k;
    G::from_affine(j, a), G::add_affine_vartime(j, j, b), G::add_affine_vartime(j, j, c);
    CHECK(G::equal(project<G>(j), s));
    G::dbl(k, j), G::dbl(t, s), CHECK(G::equal(project<G>(k), t));
    G::from_affine(j, a), G::add_affine_vartime(k, j, a), G::dbl(j, j);
    CHECK(G::equal(project<G>(k), project<G>(j)));
    G::from_affine(j, a), G::add_affine_vartime(j, j, minus), CHECK(G::is_infinity(project<G>(j)));
    G::add_affine_vartime(j, j, b), CHECK(G::equal(project<G>(j), lift<G>(b)));
    G::set_infinity(j), G::dbl(j, j), CHECK(G::is_infinity(project<G>(j)));
  }
}

TEST("G1 and the twist satisfy the group laws, with infinity, P - P and P + P") {
  check_group_law<G1>(random_g1, 20);
  check_group_law<G2>(random_twist_point, 10);
}

// edge_scalars: 0, 1, 2, r-1, and values around the splitting; then hostile ones.
std::vector<std::vector<uint64_t>> scalars(int n) {
  std::vector<std::vector<uint64_t>> out = {{0, 0, 0, 0}, {1, 0, 0, 0}, {2, 0, 0, 0},
                                            {8, 0, 0, 0}, {9, 0, 0, 0}, {0, 0, 1, 0}};
  std::vector<uint64_t> k(prime_r());
  k[0] -= 1, out.push_back(k);
  k[0] -= 1, out.push_back(k);
  k.assign(mpin::params::kLambda, mpin::params::kLambda + 4), out.push_back(k);
  k[0] += 1, out.push_back(k);
  for (int i = 0; i < iterations(n); i++) {
    random_scalar(k.data());
    out.push_back(k);
  }
  return out;
}

TEST("G1 multiplications agree with double and add") {
  for (const auto& k : scalars(60)) {
    const G1::Affine a = random_g1();
    const G1::Projective expected = reference_mul<G1>(a, k.data());
    G1::Digits digits;
    G1::Projective p;
    G1::digits(&digits, k.data());
    G1::mul(p, a, digits), CHECK(G1::equal(p, expected));
    G1::Jacobian j;
    G1::from_affine(j, a), G1::mul_vartime(j, j, k.data());
    CHECK(G1::equal(project<G1>(j), expected));
    // Another representative of the same point.
    const Fp z = random_element<Fp>();
    if (Fp::is_zero(z)) continue;
    Fp zz, zzz;
    Fp::sqr(zz, z), Fp::mul(zzz, zz, z);
    G1::Jacobian scaled = {a.x, a.y, z};
    Fp::mul(scaled.x, a.x, zz), Fp::mul(scaled.y, a.y, zzz);
    G1::mul_vartime(scaled, scaled, k.data()), CHECK(G1::equal(project<G1>(scaled), expected));
  }
}

TEST("the order r kills both groups, and a negative scalar is the negative") {
  const G1::Affine a = random_g1();
  G1::Projective p = reference_mul<G1>(a, prime_r().data());
  CHECK(G1::is_infinity(p));
  std::vector<uint64_t> k(prime_r());
  k[0] += 1;
  CHECK(G1::equal(reference_mul<G1>(a, k.data()), lift<G1>(a)));
  k[0] -= 2;
  G1::Affine minus;
  G1::neg(minus, a), CHECK(G1::equal(reference_mul<G1>(a, k.data()), lift<G1>(minus)));
  G2::Affine q;
  G2::generator(q);
  CHECK(G2::on_curve(q) && G2::is_infinity(reference_mul<G2>(q, prime_r().data())));
}

TEST("PINs multiply right, 0 and 9999 included") {
  const G1::Affine a = random_g1();
  for (uint32_t pin : {0u, 1u, 7u, 8u, 9u, 15u, 16u, 888u, 4095u, 9999u}) {
    const uint64_t k[4] = {pin, 0, 0, 0};
    G1::Projective p;
    G1::mul_pin(p, a, pin), CHECK(G1::equal(p, reference_mul<G1>(a, k)));
  }
}

TEST("scalars split into halves below 2^127 that recombine") {
  for (const auto& k : scalars(500)) {
    mpin::HalfScalar half[2];
    mpin::glv_split(&half[0], &half[1], k.data());
    Fr value[2], lambda, sum;
    for (int i = 0; i < 2; i++) {
      CHECK(half[i].magnitude[1] >> 63 == 0);
      const uint64_t words[4] = {half[i].magnitude[0], half[i].magnitude[1], 0, 0};
      Fr::from_integer(value[i], words);
      if (half[i].negative) Fr::neg(value[i], value[i]);
    }
    Fr::from_integer(lambda, mpin::params::kLambda);
    Fr::mul(sum, value[1], lambda), Fr::add(sum, sum, value[0]);
    uint64_t back[4];
    Fr::to_integer(back, sum);
    CHECK(std::memcmp(back, k.data(), sizeof back) == 0);
  }
}

TEST("G2 multiplication agrees with double and add, in and outside the subgroup") {
  for (const auto& k : scalars(5)) {
    const G2::Affine a = random_twist_point();
    G2::Projective p;
    G2::mul(p, a, k.data()), CHECK(G2::equal(p, reference_mul<G2>(a, k.data())));
  }
}

TEST("psi acts on G2 as p, and the subgroup test is the test of order r") {
  std::vector<uint64_t> p_mod_r(4);
  mpin::limbs_sub<4>(p_mod_r.data(), mpin::params::ModulusP::kModulus,
                     mpin::params::ModulusR::kModulus);
  for (int i = 0; i < iterations(5); i++) {
    const G2::Affine q = random_g2(), outside = random_twist_point();
    G2::Projective image;
    G2::psi(image, lift<G2>(q)), CHECK(G2::equal(image, reference_mul<G2>(q, p_mod_r.data())));
    CHECK(G2::in_subgroup(q));
    const bool killed = G2::is_infinity(reference_mul<G2>(outside, prime_r().data())) != 0;
    CHECK(killed == (G2::in_subgroup(outside) != 0));
    CHECK(!killed);
    uint8_t bytes[128];
    G2::Affine decoded;
    G2::encode(bytes, outside), CHECK(!G2::decode(decoded, bytes));
    G2::encode(bytes, q), CHECK(G2::decode(decoded, bytes));
    CHECK(same(decoded.x, q.x) && same(decoded.y, q.y));
    for (size_t at : {size_t{31}, size_t{127}}) {  // Off the curve.
      bytes[at] ^= 1, CHECK(!G2::decode(decoded, bytes)), bytes[at] ^= 1;
    }
  }
  // Points of the cofactor's group: [r]P is killed by 2p - r, not by r.
  const G2::Affine base = random_twist_point();
  G2::Affine torsion;
  G2::to_affine(torsion, reference_mul<G2>(base, prime_r().data()));
  CHECK(G2::on_curve(torsion) && !G2::in_subgroup(torsion));
}

TEST("G1 decoding takes one encoding of a finite point and nothing else") {
  const G1::Affine a = random_g1();
  uint8_t bytes[65], changed[65];
  G1::Affine decoded;
  G1::encode(bytes, a), CHECK(G1::decode(decoded, bytes));
  CHECK(same(decoded.x, a.x) && same(decoded.y, a.y));
  for (int prefix = 0; prefix < 256; prefix++) {
    std::memcpy(changed, bytes, 65), changed[0] = static_cast<uint8_t>(prefix);
    CHECK(G1::decode(decoded, changed) == (prefix == 4));
  }
  std::memcpy(changed, bytes, 65), changed[64] ^= 1, CHECK(!G1::decode(decoded, changed));
  std::memset(changed + 1, 0, 64), CHECK(!G1::decode(decoded, changed));
  for (int offset : {1, 33}) {  // A coordinate of p or more, though congruent to the right one.
    uint64_t words[4];
    std::memcpy(changed, bytes, 65);
    mpin::limbs_from_bytes(words, bytes + offset);
    mpin::limbs_add<4>(words, words, mpin::params::ModulusP::kModulus);
    mpin::limbs_to_bytes(changed + offset, words);
    CHECK(!G1::decode(decoded, changed));
  }
}

TEST("many points are encoded with one inversion as each alone") {
  G1::Projective points[G1::kEncodeMax];
  uint8_t together[65 * G1::kEncodeMax], alone[65];
  for (auto& p : points) {
    G1::Projective q = lift<G1>(random_g1());
    G1::add(p, q, lift<G1>(random_g1()));
  }
  for (size_t n : {size_t{1}, size_t{2}, G1::kEncodeMax}) {
    G1::encode_many(together, points, n);
    for (size_t i = 0; i < n; i++) {
      G1::encode_many(alone, points + i, 1);
      CHECK(std::memcmp(alone, together + 65 * i, 65) == 0);
    }
  }
}

TEST("the mapping gives even y on the curve, the same for a hash and that hash plus p") {
  for (int i = 0; i < iterations(50); i++) {
    uint8_t hash[32], bytes[65];
    uint64_t words[4];
    random_bytes(hash, sizeof hash);
    hash[0] &= 0x7f;
    G1::Affine a, b;
    mpin::HashToG1T<Fp>::map_vartime(a, hash);
    CHECK(G1::on_curve(a));
    G1::encode(bytes, a), CHECK((bytes[64] & 1) == 0);
    mpin::limbs_from_bytes(words, hash);
    mpin::limbs_add<4>(words, words, mpin::params::ModulusP::kModulus);
    mpin::limbs_to_bytes(hash, words);
    mpin::HashToG1T<Fp>::map_vartime(b, hash), CHECK(same(a.x, b.x) && same(a.y, b.y));
  }
}

}  // namespace
}  // namespace mpin_test
