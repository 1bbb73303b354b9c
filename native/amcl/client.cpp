// AMCL's own EXTRACT_PIN and CLIENT_1 hash the identity themselves, while the core is given its
// hash. So those two are put together here from AMCL's points, in AMCL's order.
#include "amcl.h"

#include <cstring>

#include "gate.h"

namespace mpin::amcl {
namespace {

// add_pin: sum += pin·map(hash), or -= when `take` is set.
void add_pin(ECP_BN254CX* sum, const uint8_t hash[kHashBytes], uint32_t pin, bool take) {
  Secret<ECP_BN254CX> part;
  map(&*part, hash);
  ECP_BN254CX_pinmul(&*part, static_cast<int>(pin), PBLEN);
  if (take)
    ECP_BN254CX_sub(sum, &*part);
  else
    ECP_BN254CX_add(sum, &*part);
}

// multiply: x·point.
Status multiply(uint8_t out[kG1Bytes], const uint8_t x[kScalarBytes], ECP_BN254CX* point) {
  uint8_t bytes[kG1Bytes];
  const Status status = write_g1(bytes, point);
  if (status != Status::ok) return status;
  octet k = octet_of(x, kScalarBytes), base = octet_of(bytes, kG1Bytes);
  octet result = octet_of(out, kG1Bytes);
  MPIN_BN254CX_GET_G1_MULTIPLE(nullptr, 0, &k, &base, &result);
  return Status::ok;
}

}  // namespace

Status extract_pin(uint8_t* token, const uint8_t* hash, uint32_t pin,
                   const uint8_t* client_secret) {
  Secret<ECP_BN254CX> rest;
  std::memset(token, 0, kG1Bytes);
  if (pin >= kPinCount) return Status::bad_parameter;
  if (!read_g1(&*rest, client_secret)) return Status::invalid_point;
  add_pin(&*rest, hash, pin, true);
  return write_g1(token, &*rest);
}

Status client_pass1(uint8_t* u, uint8_t* ut, uint8_t* sec, const uint8_t* hash, uint32_t pin,
                    const uint8_t* token, const uint8_t* permit, uint32_t date, const uint8_t* x) {
  std::memset(u, 0, kG1Bytes);
  std::memset(ut, 0, kG1Bytes);
  std::memset(sec, 0, kG1Bytes);
  if (!is_scalar(x) || pin >= kPinCount) return Status::bad_parameter;
  if (date != 0 && permit == nullptr) return Status::bad_parameter;
  Secret<ECP_BN254CX> sum, part;
  if (!read_g1(&*sum, token)) return Status::invalid_point;
  add_pin(&*sum, hash, pin, false);
  ECP_BN254CX base;
  map(&base, hash);
  if (date != 0) {
    if (!read_g1(&*part, permit)) return Status::invalid_point;
    ECP_BN254CX_add(&*sum, &*part);
  }
  if (ECP_BN254CX_isinf(&*sum)) return Status::invalid_point;
  Status status = multiply(u, x, &base);
  if (status == Status::ok && date != 0) {
    ECP_BN254CX permitted;
    uint8_t permit_hash[kHashBytes];
    hash_permit(permit_hash, date, hash);
    map(&permitted, permit_hash);
    ECP_BN254CX_add(&permitted, &base);
    status = multiply(ut, x, &permitted);
  }
  if (status == Status::ok) return write_g1(sec, &*sum);
  std::memset(u, 0, kG1Bytes);
  return status;
}

Status client_pass2(uint8_t* v, const uint8_t* x, const uint8_t* y, const uint8_t* sec) {
  Secret<uint64_t[4]> k;
  Secret<ECP_BN254CX> point;
  uint64_t challenge[4];
  uint8_t reduced[kScalarBytes];
  std::memset(v, 0, kG1Bytes);
  if (!declassify(fr_from_bytes(*k, x))) return Status::bad_parameter;
  fr_from_bytes_reduced<Fp>(challenge, y);
  fr_add<Fp>(*k, *k, challenge);
  if (declassify(limbs_is_zero_mask<4>(*k))) return Status::bad_parameter;
  if (!read_g1(&*point, sec)) return Status::invalid_point;
  std::memcpy(v, sec, kG1Bytes);
  limbs_to_bytes(reduced, challenge);
  octet xs = octet_of(x, kScalarBytes), ys = octet_of(reduced, kScalarBytes);
  octet proof = octet_of(v, kG1Bytes);
  MPIN_BN254CX_CLIENT_2(&xs, &ys, &proof);
  return Status::ok;
}

}  // namespace mpin::amcl
