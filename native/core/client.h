// The client's side. Constant-time in the PIN, x, the token and the client secret; only whether an
// input is acceptable shows.
#ifndef MPIN_CORE_CLIENT_H_
#define MPIN_CORE_CLIENT_H_

#include "fr.h"
#include "hash_to_g1.h"
#include "mpin.h"

namespace mpin {

template <class F>
struct ClientT {
  using G1 = G1T<F>;
  using Hash = HashToG1T<F>;
  using Affine = typename G1::Affine;
  using Projective = typename G1::Projective;

  static Status extract_pin(uint8_t* token, const uint8_t* hash, uint32_t pin,
                            const uint8_t* client_secret) {
    std::memset(token, 0, kG1Bytes);
    if (!pin_in_range(pin)) return Status::bad_parameter;
    Secret<Affine> secret;
    if (!G1::decode(*secret, client_secret)) return Status::invalid_point;
    Affine a;
    Hash::map_vartime(a, hash);
    Secret<Projective> part, sum;
    G1::mul_pin(*part, a, pin);
    F::neg(part->y, part->y);
    G1::from_affine(*sum, *secret);
    G1::add(*sum, *sum, *part);
    if (declassify(G1::is_infinity(*sum))) return Status::invalid_point;
    G1::encode_many(token, &*sum, 1);
    return Status::ok;
  }

  // client_pass1: u = x·A, ut = x·(A + T), sec = token + pin·A + permit.
  static Status client_pass1(uint8_t* u, uint8_t* ut, uint8_t* sec, const uint8_t* hash,
                             uint32_t pin, const uint8_t* token, const uint8_t* permit,
                             uint32_t date, const uint8_t* x) {
    std::memset(u, 0, kG1Bytes);
    std::memset(ut, 0, kG1Bytes);
    std::memset(sec, 0, kG1Bytes);
    Secret<uint64_t[4]> k;
    if (!declassify(fr_from_bytes(*k, x)) || !pin_in_range(pin)) return Status::bad_parameter;
    if (date != 0 && permit == nullptr) return Status::bad_parameter;
    Secret<Affine> point;
    if (!G1::decode(*point, token)) return Status::invalid_point;

    Affine a;
    Hash::map_vartime(a, hash);
    Secret<Projective> sum, part;
    G1::from_affine(*sum, *point);
    G1::mul_pin(*part, a, pin);
    G1::add(*sum, *sum, *part);
    Secret<typename G1::Digits> digits;
    G1::digits(&*digits, *k);
    Secret<Projective> commitment;
    G1::mul(*commitment, a, *digits);
    if (date != 0) {
      if (!G1::decode(*point, permit)) return Status::invalid_point;
      G1::from_affine(*part, *point);
      G1::add(*sum, *sum, *part);
      Projective permitted;
      if (!commit_permitted(permitted, *commitment, hash, date, *digits))
        return Status::invalid_point;
      G1::encode_many(ut, &permitted, 1);
    }
    if (declassify(G1::is_infinity(*sum))) {
      std::memset(ut, 0, kG1Bytes);
      return Status::invalid_point;
    }
    G1::encode_many(u, &*commitment, 1);
    G1::encode_many(sec, &*sum, 1);
    return Status::ok;
  }

  // client_pass2: v = -(x + y)·sec.
  static Status client_pass2(uint8_t* v, const uint8_t* x, const uint8_t* y, const uint8_t* sec) {
    std::memset(v, 0, kG1Bytes);
    Secret<uint64_t[4]> k;
    uint64_t challenge[4];
    if (!declassify(fr_from_bytes(*k, x))) return Status::bad_parameter;
    fr_from_bytes_reduced<F>(challenge, y);
    fr_add<F>(*k, *k, challenge);
    if (declassify(limbs_is_zero_mask<4>(*k))) return Status::bad_parameter;
    Secret<Affine> point;
    if (!G1::decode(*point, sec)) return Status::invalid_point;
    Secret<typename G1::Digits> digits;
    G1::digits(&*digits, *k);
    Secret<Projective> proof;
    G1::neg(*point, *point);
    G1::mul(*proof, *point, *digits);
    G1::encode_many(v, &*proof, 1);
    return Status::ok;
  }

 private:
  // pin_in_range: pin < kPinCount, by the sign of a difference.
  static bool pin_in_range(uint32_t pin) {
    return declassify(mask_from_bit((uint64_t{pin} - kPinCount) >> 63));
  }

  // commit_permitted: x·(A + T) = x·A + x·T. False when it is infinite, that is T = -A.
  static bool commit_permitted(Projective& r, const Projective& commitment, const uint8_t* hash,
                               uint32_t date, const typename G1::Digits& digits) {
    Affine t;
    Hash::map_permit_vartime(t, date, hash);
    G1::mul(r, t, digits);
    G1::add(r, r, commitment);
    return !declassify(G1::is_infinity(r));
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_CLIENT_H_
