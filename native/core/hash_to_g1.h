// The mapping of the deployed M-Pin: x = hash mod p; while x³ + 2 is not a square, x += 1; the even
// y. Variable time, which is fine: identities and dates are public. Scalar fields only.
#ifndef MPIN_CORE_HASH_TO_G1_H_
#define MPIN_CORE_HASH_TO_G1_H_

#include "g1.h"
#include "jacobi.h"
#include "sha256.h"

namespace mpin {

template <class F>
struct HashToG1T {
  using G1 = G1T<F>;

  // map_vartime: about two tries, each with a Jacobi symbol, then one square root. x = p - 1 wraps
  // to zero. It ends: half of all x are good.
  static void map_vartime(typename G1::Affine& r, const uint8_t hash[32]) {
    F one, square;
    F::set_one(one);
    F::from_bytes_reduced(r.x, hash);
    for (;;) {
      F::sqr(square, r.x);
      F::mul(square, square, r.x);
      CurveG1T<F>::add_b(square);
      if (JacobiT<F>::is_square_vartime(square)) break;
      F::add(r.x, r.x, one);
    }
    (void)PowerT<F>::sqrt(r.y, square);
    uint64_t y[4];
    F::to_integer(y, r.y);
    if (y[0] & 1) F::neg(r.y, r.y);  // p is odd, so exactly one of y and p - y is even.
  }

  // map_permit_vartime: T = map(SHA-256(date as 4 bytes | hash)).
  static void map_permit_vartime(typename G1::Affine& r, uint32_t date, const uint8_t hash[32]) {
    const uint8_t prefix[4] = {static_cast<uint8_t>(date >> 24), static_cast<uint8_t>(date >> 16),
                               static_cast<uint8_t>(date >> 8), static_cast<uint8_t>(date)};
    uint8_t digest[32];
    Sha256 sha;
    sha.update(prefix, sizeof prefix);
    sha.update(hash, 32);
    sha.final(digest);
    map_vartime(r, digest);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_HASH_TO_G1_H_
