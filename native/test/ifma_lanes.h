// Scalar field elements and points in and out of lanes, for the tests of the IFMA kernel.
#ifndef MPIN_TEST_IFMA_LANES_H_
#define MPIN_TEST_IFMA_LANES_H_

#include <cstring>

#include "affine_ifma.h"
#include "engine_portable.h"
#include "ifma_test.h"

namespace mpin_test {

using F = mpin::FieldT<mpin::params::ModulusP, mpin::PortableEngine>;
using G1 = mpin::G1T<F>;
using mpin::FpX8;

inline void random_element(F& r) {
  uint64_t words[4];
  hostile_words(words, 4);
  F::from_integer(r, words);
}

inline void to_lanes(FpX8& r, const F in[8]) {
  const uint64_t* words[8];
  for (int i = 0; i < 8; i++)
    words[i] = in[i].l;
  mpin::ifma::from_scalar(r, words);
}
inline void from_lanes(F out[8], const FpX8& a) {
  uint64_t words[32];
  mpin::ifma::to_scalar(words, a);
  for (int i = 0; i < 8; i++)
    std::memcpy(out[i].l, words + 4 * i, 32);
}
inline bool same(const FpX8& lanes, const F scalar[8]) {
  F got[8];
  from_lanes(got, lanes);
  return std::memcmp(got, scalar, sizeof got) == 0;
}

// random_point: a multiple of the generator.
inline void random_point(G1::Affine& r) {
  G1::Jacobian t;
  F::set_constant(t.x, mpin::params::kG1X);
  F::set_constant(t.y, mpin::params::kG1Y);
  F::set_one(t.z);
  uint64_t k[4] = {random_word(), random_word(), random_word(), random_word() >> 3};
  G1::mul_vartime(t, t, k);
  F z, zz;
  mpin::PowerT<F>::inv(z, t.z);
  F::sqr(zz, z);
  F::mul(r.x, t.x, zz);
  F::mul(zz, zz, z);
  F::mul(r.y, t.y, zz);
}

// A point that may be infinite.
struct MaybePoint {
  G1::Affine point;
  bool infinite;
};

inline void to_lanes(mpin::ifma::Point8& r, const MaybePoint in[8]) {
  F x[8], y[8];
  int infinite = 0;
  for (int i = 0; i < 8; i++) {
    x[i] = in[i].point.x;
    y[i] = in[i].point.y;
    infinite |= in[i].infinite ? 1 << i : 0;
  }
  to_lanes(r.x, x);
  to_lanes(r.y, y);
  r.infinite = FpX8::Mask::make(infinite);
}

// is_point: whether lane i of p is the Jacobian point.
inline bool is_point(const mpin::ifma::Point8& p, int i, const G1::Jacobian& wanted) {
  if ((p.infinite.bits >> i & 1) != 0 || F::is_zero(wanted.z))
    return (p.infinite.bits >> i & 1) != 0 && F::is_zero(wanted.z);
  F x[8], y[8], zz, t;
  from_lanes(x, p.x);
  from_lanes(y, p.y);
  F::sqr(zz, wanted.z);
  F::mul(t, x[i], zz);
  bool equal = F::equal(t, wanted.x) != 0;
  F::mul(zz, zz, wanted.z);
  F::mul(t, y[i], zz);
  return equal && F::equal(t, wanted.y) != 0;
}

}  // namespace mpin_test

#endif  // MPIN_TEST_IFMA_LANES_H_
