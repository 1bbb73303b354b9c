// The types under test and makers of random elements. A kernel with another scalar field runs the
// same tests by defining MPIN_TEST_ENGINE and its header.
#ifndef MPIN_TEST_TYPES_H_
#define MPIN_TEST_TYPES_H_

#include <vector>

#include "engine_portable.h"
#include "fr.h"
#include "hash_to_g1.h"
#include "pairing.h"
#include "test_harness.h"

#ifdef MPIN_TEST_ENGINE_HEADER
#include MPIN_TEST_ENGINE_HEADER
#else
#define MPIN_TEST_ENGINE mpin::PortableEngine
#endif

namespace mpin_test {

using Fp = mpin::FieldT<mpin::params::ModulusP, MPIN_TEST_ENGINE>;
using Fr = mpin::FrT<Fp>;
using Fp2 = mpin::Fp2T<Fp>;
using Fp6 = mpin::Fp6T<Fp>;
using Fp12 = mpin::Fp12T<Fp>;
using Cyclotomic = mpin::CyclotomicT<Fp>;
using G1 = mpin::G1T<Fp>;
using G2 = mpin::G2T<Fp>;
using Pairing = mpin::PairingT<Fp>;

// random_coordinates: hostile values (see hostile_words) in every coordinate, half of the time
// hostile in Montgomery form, as that is what the code sees.
template <class Base, class T>
void random_coordinates(T& r) {
  auto* coordinates = reinterpret_cast<Base*>(&r);
  for (size_t i = 0; i < sizeof(T) / sizeof(Base); i++) {
    Base& c = coordinates[i];
    uint64_t words[4];
    hostile_words(words, 4);
    Base::from_integer(c, words);
    if ((random_word() & 1) == 0) continue;
    for (int j = 0; j < 7; j++)
      Base::reduce_once(words, words);  // 2^256 < 8m
    for (int j = 0; j < 4; j++)
      c.l[j] = words[j];
  }
}
template <class T>
T random_element() {
  T r;
  random_coordinates<Fp>(r);
  return r;
}
template <>
inline Fr random_element<Fr>() {
  Fr r;
  random_coordinates<Fr>(r);
  return r;
}

template <class T>
bool same(const T& a, const T& b) {
  return T::equal(a, b) != 0;
}

// random_scalar: in [0, r), hostile.
inline void random_scalar(uint64_t k[4]) {
  const Fr a = random_element<Fr>();
  for (int i = 0; i < 4; i++)
    k[i] = a.l[i];
}

inline G1::Affine random_g1() {
  uint8_t hash[32];
  random_bytes(hash, sizeof hash);
  G1::Affine a;
  mpin::HashToG1T<Fp>::map_vartime(a, hash);
  return a;
}
// random_twist_point: on the twist, almost surely outside the subgroup.
G2::Affine random_twist_point();
G2::Affine random_g2();

// power: a^e by squaring, e in words, lowest first. The reference for everything faster.
template <class T>
T power(const T& a, const std::vector<uint64_t>& e) {
  T r;
  T::set_one(r);
  for (size_t i = 64 * e.size(); i-- > 0;) {
    T::mul(r, r, r);
    if (e[i / 64] >> (i % 64) & 1) T::mul(r, r, a);
  }
  return r;
}

inline const std::vector<uint64_t>& prime_p() {
  static const std::vector<uint64_t> p(mpin::params::ModulusP::kModulus,
                                       mpin::params::ModulusP::kModulus + 4);
  return p;
}
inline const std::vector<uint64_t>& prime_r() {
  static const std::vector<uint64_t> r(mpin::params::ModulusR::kModulus,
                                       mpin::params::ModulusR::kModulus + 4);
  return r;
}

}  // namespace mpin_test

#endif  // MPIN_TEST_TYPES_H_
