#include "amcl.h"

#include <cstring>

#include "gate.h"

namespace mpin::amcl {
namespace {

// share: s·map(hash). Good for permits too: AMCL makes them alike but for the hash.
void share(uint8_t out[kG1Bytes], const uint8_t master[kScalarBytes],
           const uint8_t hash[kHashBytes]) {
  octet s = octet_of(master, kScalarBytes), id = octet_of(hash, kHashBytes);
  octet result = octet_of(out, kG1Bytes);
  MPIN_BN254CX_GET_CLIENT_SECRET(&s, &id, &result);
}

}  // namespace

Status server_secret_share(uint8_t* out, const uint8_t* master) {
  std::memset(out, 0, kG2Bytes);
  if (!is_scalar(master)) return Status::bad_parameter;
  octet s = octet_of(master, kScalarBytes), result = octet_of(out, kG2Bytes);
  MPIN_BN254CX_GET_SERVER_SECRET(&s, &result);
  return Status::ok;
}

Status client_secret_shares(uint8_t* out, const uint8_t* master, const uint8_t* hashes, size_t n) {
  std::memset(out, 0, n * kG1Bytes);
  if (!is_scalar(master)) return Status::bad_parameter;
  for (size_t i = 0; i < n; i++)
    share(out + i * kG1Bytes, master, hashes + i * kHashBytes);
  return Status::ok;
}

Status time_permit_shares(uint8_t* out, const uint8_t* master, const uint8_t* hash,
                          const uint32_t* dates, size_t n) {
  std::memset(out, 0, n * kG1Bytes);
  for (size_t i = 0; i < n; i++)
    if (dates[i] == 0) return Status::bad_parameter;
  if (!is_scalar(master)) return Status::bad_parameter;
  for (size_t i = 0; i < n; i++) {
    uint8_t permit[kHashBytes];
    hash_permit(permit, dates[i], hash);
    share(out + i * kG1Bytes, master, permit);
  }
  return Status::ok;
}

Status add_g1(uint8_t* out, const uint8_t* a, const uint8_t* b) {
  Secret<ECP_BN254CX> sum, other;
  std::memset(out, 0, kG1Bytes);
  if (!read_g1(&*sum, a) || !read_g1(&*other, b)) return Status::invalid_point;
  ECP_BN254CX_add(&*sum, &*other);
  return write_g1(out, &*sum);
}

Status add_g2(uint8_t* out, const uint8_t* a, const uint8_t* b) {
  Secret<ECP2_BN254CX> sum, other;
  std::memset(out, 0, kG2Bytes);
  if (!read_g2(&*sum, a) || !read_g2(&*other, b)) return Status::invalid_point;
  ECP2_BN254CX_add(&*sum, &*other);
  if (ECP2_BN254CX_isinf(&*sum)) return Status::invalid_point;
  octet result = octet_of(out, kG2Bytes);
  ECP2_BN254CX_toOctet(&result, &*sum);
  return Status::ok;
}

}  // namespace mpin::amcl
