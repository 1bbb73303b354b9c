#include "self_test.h"

#include <cstring>

#include "mpin.h"
#include "sha256.h"

namespace mpin {
namespace {

constexpr uint32_t kDate = 16574;
constexpr uint32_t kPin = 1234;
constexpr uint32_t kWrongPin = 4321;
constexpr char kIdentity[] = "mpin-server self test";

// SHA-256 of all outputs of the login, in the order in which Login holds them. The outputs were
// compared with those of milagro-crypto-js 3.3.0, which agree byte for byte.
constexpr uint8_t kDigest[32] = {0x80, 0xcc, 0x0a, 0x9b, 0xb0, 0x9f, 0xcf, 0x8b, 0xe9, 0xa6, 0xd9,
                                 0x61, 0x9d, 0x9e, 0x6e, 0xce, 0x8a, 0x0f, 0x72, 0x72, 0x88, 0x64,
                                 0x13, 0xef, 0x74, 0xa6, 0xed, 0x8f, 0x31, 0x9f, 0xf9, 0x6a};

// The scalars are the hashes of their names, which are below r; any fixed ones would do.
void scalar(uint8_t out[kScalarBytes], const char* name) {
  hash_id(out, reinterpret_cast<const uint8_t*>(name), std::strlen(name));
  out[0] &= 0x1f;
}

struct Login {
  uint8_t server_secret[kG2Bytes];
  uint8_t client_secret[kG1Bytes], permit[kG1Bytes], token[kG1Bytes];
  uint8_t u[kG1Bytes], ut[kG1Bytes], sec[kG1Bytes], v[kG1Bytes];
};

bool ok(Status status) {
  return status == Status::ok;
}

bool log_in(const Kernel& by, Login* l, VerifyRecord* record, uint32_t pin) {
  uint8_t master[kScalarBytes], x[kScalarBytes];
  scalar(master, "master");
  scalar(x, "x");
  scalar(record->y, "y");
  hash_id(record->hash_mpin_id, reinterpret_cast<const uint8_t*>(kIdentity), sizeof kIdentity - 1);
  const uint8_t* hash = record->hash_mpin_id;
  if (!ok(by.server_secret_share(l->server_secret, master))) return false;
  if (!ok(by.client_secret_shares(l->client_secret, master, hash, 1))) return false;
  if (!ok(by.time_permit_shares(l->permit, master, hash, &kDate, 1))) return false;
  if (!ok(by.extract_pin(l->token, hash, kPin, l->client_secret))) return false;
  if (!ok(by.client_pass1(l->u, l->ut, l->sec, hash, pin, l->token, l->permit, kDate, x)))
    return false;
  if (!ok(by.client_pass2(l->v, x, record->y, l->sec))) return false;
  for (int i = 0; i < 4; i++)
    record->date[i] = static_cast<uint8_t>(kDate >> (24 - 8 * i));
  record->flags = 0;
  std::memcpy(record->u, l->u, kG1Bytes);
  std::memcpy(record->ut, l->ut, kG1Bytes);
  std::memcpy(record->v, l->v, kG1Bytes);
  return true;
}

}  // namespace

bool self_test_known_answers(const Kernel& by) {
  Login login;
  Verifier verifier;
  VerifyRecord records[2];
  if (!log_in(by, &login, &records[1], kWrongPin) || !log_in(by, &login, &records[0], kPin))
    return false;
  uint8_t digest[32];
  hash_id(digest, reinterpret_cast<const uint8_t*>(&login), sizeof login);
  if (std::memcmp(digest, kDigest, sizeof digest) != 0) return false;

  if (!ok(by.verifier_init(&verifier, login.server_secret))) return false;
  int8_t statuses[2];
  by.verify_batch(verifier, reinterpret_cast<const uint8_t*>(records), 2, statuses, 0);
  int32_t error = 0;
  const bool found = by.pin_error(verifier, reinterpret_cast<const uint8_t*>(&records[1]), &error);
  verifier_wipe(&verifier);
  return statuses[0] == static_cast<int8_t>(Status::ok) &&
         statuses[1] == static_cast<int8_t>(Status::bad_pin) && found &&
         error == static_cast<int32_t>(kWrongPin) - static_cast<int32_t>(kPin);
}

}  // namespace mpin
