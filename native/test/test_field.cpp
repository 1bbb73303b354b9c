// Fp and Fr: field axioms, aliasing, edge values, encodings.
#include <cstring>

#include "test_types.h"

namespace mpin_test {
namespace {

template <class T>
void check_axioms(int n) {
  for (int i = 0; i < iterations(n); i++) {
    const T a = random_element<T>(), b = random_element<T>(), c = random_element<T>();
    T s, t, one;
    T::set_one(one);
    T::add(s, a, b), T::add(t, b, a), CHECK(same(s, t));
    T::add(s, s, c), T::add(t, b, c), T::add(t, a, t), CHECK(same(s, t));
    T::mul(s, a, b), T::mul(t, b, a), CHECK(same(s, t));
    T::mul(s, s, c), T::mul(t, b, c), T::mul(t, a, t), CHECK(same(s, t));
    T::add(s, b, c), T::mul(s, a, s);
    T u;
    T::mul(t, a, b), T::mul(u, a, c), T::add(t, t, u), CHECK(same(s, t));
    T::mul(t, a, one), CHECK(same(t, a));
    T::sqr(s, a), T::mul(t, a, a), CHECK(same(s, t));
    // Aliasing: the result may be any of the inputs.
    T::mul(s, a, b), t = a, T::mul(t, t, b), CHECK(same(s, t));
    t = b, T::mul(t, a, t), CHECK(same(s, t));
    T::mul(s, a, a), t = a, T::mul(t, t, t), CHECK(same(s, t));
    t = a, T::sqr(t, t), CHECK(same(s, t));
    T::add(s, a, a), t = a, T::add(t, t, t), CHECK(same(s, t));
  }
}

template <class T>
void check_additive_inverse(int n) {
  for (int i = 0; i < iterations(n); i++) {
    const T a = random_element<T>(), b = random_element<T>();
    T s, t, zero;
    T::set_zero(zero);
    T::sub(s, a, a), CHECK(same(s, zero));
    T::neg(s, a), T::add(s, s, a), CHECK(same(s, zero));
    T::neg(s, zero), CHECK(same(s, zero));
    T::sub(s, a, b), T::add(s, s, b), CHECK(same(s, a));
    T::sub(s, a, b), t = a, T::sub(t, t, b), CHECK(same(s, t));
    t = b, T::sub(t, a, t), CHECK(same(s, t));
  }
}

TEST("Fp, Fr and the tower satisfy the axioms of a ring, also when results alias inputs") {
  check_axioms<Fp>(2000);
  check_axioms<Fr>(2000);
  check_axioms<Fp2>(1000);
  check_axioms<Fp6>(300);
  check_axioms<Fp12>(200);
}

TEST("differences and negatives are inverse to sums, zero included") {
  check_additive_inverse<Fp>(2000);
  check_additive_inverse<Fr>(2000);
  check_additive_inverse<Fp2>(500);
  check_additive_inverse<Fp6>(200);
}

// edge_values: 0, 1, m-1, (m-1)/2, 2^64k ± 1.
template <class T>
std::vector<T> edge_values() {
  std::vector<T> out;
  T one, t;
  T::set_zero(t), out.push_back(t);
  T::set_one(one), out.push_back(one);
  T::neg(t, one), out.push_back(t);
  uint64_t words[4];
  for (int i = 0; i < 4; i++)
    words[i] = T::Modulus::kModulus[i] >> 1 | (i < 3 ? T::Modulus::kModulus[i + 1] << 63 : 0);
  T::from_integer(t, words), out.push_back(t);
  for (int k = 1; k < 4; k++) {
    uint64_t shifted[4] = {0, 0, 0, 0};
    shifted[k] = 1;
    T::from_integer(t, shifted);
    T above, below;
    T::add(above, t, one), T::sub(below, t, one);
    out.push_back(t), out.push_back(above), out.push_back(below);
  }
  for (int i = 0; i < 4; i++)
    words[i] = T::Modulus::kModulus[i];
  words[0] -= 1;  // m - 1 as the Montgomery form: the largest words there are.
  for (int i = 0; i < 4; i++)
    t.l[i] = words[i];
  out.push_back(t);
  return out;
}

template <class T>
void check_edges() {
  const std::vector<T> values = edge_values<T>();
  for (const T& a : values) {
    for (const T& b : values) {
      T s, t, u;
      T::add(s, a, b), T::sub(t, s, b), CHECK(same(t, a));
      // (a + b)(a - b) = a² - b²
      T::sub(t, a, b), T::mul(s, s, t);
      T::sqr(t, a), T::sqr(u, b), T::sub(t, t, u), CHECK(same(s, t));
      typename T::Wide wide;
      T::mul_wide(wide, a, b), T::redc(s, wide), T::mul(t, a, b), CHECK(same(s, t));
    }
    uint8_t bytes[32];
    T back;
    T::to_bytes(bytes, a);
    CHECK(T::from_bytes(back, bytes) && same(back, a));
  }
}

TEST("edge values 0, 1, m-1, (m-1)/2 and 2^64k ± 1 compute right") {
  check_edges<Fp>();
  check_edges<Fr>();
}

TEST("wide sums and differences agree with reduced ones, and unreduced sums may be multiplied") {
  for (int i = 0; i < iterations(2000); i++) {
    const Fp a = random_element<Fp>(), b = random_element<Fp>(), c = random_element<Fp>(),
             d = random_element<Fp>();
    Fp::Wide ab, cd, t;
    Fp x, y, z;
    Fp::mul_wide(ab, a, b), Fp::mul_wide(cd, c, d);
    Fp::mul(x, a, b), Fp::mul(y, c, d);
    Fp::wide_add(t, ab, cd), Fp::redc(z, t);
    Fp s;
    Fp::add(s, x, y), CHECK(same(s, z));
    Fp::wide_sub(t, ab, cd), Fp::redc(z, t);
    Fp::sub(s, x, y), CHECK(same(s, z));
    // Many corrections in a row stay in range.
    for (int j = 0; j < 9; j++)
      Fp::wide_add(t, t, ab), Fp::add(s, s, x);
    for (int j = 0; j < 17; j++)
      Fp::wide_sub(t, t, cd), Fp::sub(s, s, y);
    Fp::redc(z, t), CHECK(same(s, z));
    Fp lazy1, lazy2;
    Fp::add_lazy(lazy1, a, b), Fp::add_lazy(lazy2, c, d);
    Fp::mul_wide(t, lazy1, lazy2), Fp::redc(z, t);
    Fp::add(x, a, b), Fp::add(y, c, d), Fp::mul(s, x, y), CHECK(same(s, z));
  }
}

template <class T>
void check_inverse(int n) {
  T one;
  T::set_one(one);
  for (int i = 0; i < iterations(n); i++) {
    const T a = random_element<T>();
    T s;
    T::inv(s, a), T::mul(s, s, a), CHECK(same(s, one));
  }
}

TEST("inverses invert, and the inverse of zero is zero") {
  Fp one, zero, t;
  Fp::set_one(one), Fp::set_zero(zero);
  for (int i = 0; i < iterations(100); i++) {
    const Fp a = random_element<Fp>();
    mpin::PowerT<Fp>::inv(t, a), Fp::mul(t, t, a);
    CHECK(same(t, one) || same(a, zero));
  }
  mpin::PowerT<Fp>::inv(t, zero), CHECK(same(t, zero));
  check_inverse<Fp2>(50);
  check_inverse<Fp6>(30);
  check_inverse<Fp12>(20);
  Fp12 z, i;
  Fp12::set_one(z), Fp6::set_zero(z.c0), Fp12::inv(i, z), CHECK(same(i, z));
}

TEST("sqrt finds a root of every square and tells non-squares") {
  for (int i = 0; i < iterations(100); i++) {
    const Fp a = random_element<Fp>();
    Fp square, root, minus;
    Fp::sqr(square, a);
    CHECK(mpin::PowerT<Fp>::sqrt(root, square));
    Fp::neg(minus, root), CHECK(same(root, a) || same(minus, a));
    Fp::neg(minus, square);  // -1 is not a square.
    CHECK(Fp::is_zero(a) || !mpin::PowerT<Fp>::sqrt(root, minus));
  }
}

template <class T>
void check_encoding() {
  for (int i = 0; i < iterations(200); i++) {
    const T a = random_element<T>();
    T b;
    uint8_t bytes[32];
    T::to_bytes(bytes, a);
    CHECK(T::from_bytes(b, bytes) && same(a, b));
  }
  // m, m + 1 and 2^256 - 1 are not the canonical form of anything; m - 1 is.
  uint64_t words[4];
  uint8_t bytes[32];
  T t;
  std::memcpy(words, T::Modulus::kModulus, sizeof words);
  mpin::limbs_to_bytes(bytes, words);
  CHECK(!T::from_bytes(t, bytes));
  T::from_bytes_reduced(t, bytes), CHECK(T::is_zero(t));
  words[0]++;
  mpin::limbs_to_bytes(bytes, words);
  CHECK(!T::from_bytes(t, bytes));
  words[0] -= 2;
  mpin::limbs_to_bytes(bytes, words);
  CHECK(T::from_bytes(t, bytes));
  std::memset(bytes, 0xff, sizeof bytes);
  CHECK(!T::from_bytes(t, bytes));
}

TEST("bytes round-trip, and numbers not below the modulus are refused") {
  check_encoding<Fp>();
  check_encoding<Fr>();
}

TEST("64 bytes are reduced modulo r as high·2^256 + low") {
  for (int i = 0; i < iterations(200); i++) {
    uint8_t bytes[64];
    uint64_t words[8], k[4];
    hostile_words(words, 8);
    mpin::limbs_to_bytes(bytes, words + 4);
    mpin::limbs_to_bytes(bytes + 32, words);
    mpin::fr_from_wide_bytes<Fp>(k, bytes);
    // Horner over single bits, the slow way.
    Fr sum, bit;
    Fr::set_zero(sum);
    for (int j = 511; j >= 0; j--) {
      Fr::set_one(bit);
      Fr::add(sum, sum, sum);
      if (words[j / 64] >> (j % 64) & 1) Fr::add(sum, sum, bit);
    }
    uint64_t expected[4];
    Fr::to_integer(expected, sum);
    CHECK(std::memcmp(k, expected, sizeof k) == 0);
  }
}

}  // namespace
}  // namespace mpin_test
