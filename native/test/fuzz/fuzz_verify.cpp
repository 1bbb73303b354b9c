// Fuzz target: verify_batch. Random bytes are no points, so the input is a list of edits to good
// logins; then every login of the batch must have the status that it has alone.
//
// Input: number of logins, expected rate of wrong ones, then edits of four bytes: what, which
// login, two arguments.
#include <cstring>
#include <memory>

#include "fuzz.h"
#include "mpin.h"

namespace {

using mpin::Status;
using mpin::VerifyRecord;

constexpr size_t kLogins = 80;  // More than the 64 of one chunk of the widest kernel.
constexpr uint32_t kDate = 20000;

void must(Status status) {
  FUZZ_CHECK(status == Status::ok);
}

// The same scalars in each run: a finding can be replayed.
void scalar(uint8_t out[mpin::kScalarBytes], uint32_t name) {
  mpin::hash_id(out, reinterpret_cast<const uint8_t*>(&name), sizeof name);
  out[0] &= 0x1f;
}

struct World {
  mpin::Verifier verifier;
  VerifyRecord logins[kLogins];
  uint8_t spare[2][mpin::kG1Bytes];  // A point and its opposite.

  World() {
    uint8_t master[32], secret[mpin::kG2Bytes], x[32], share[65], permit[65], token[65], sec[65];
    scalar(master, 0);
    must(mpin::server_secret_share(secret, master));
    must(mpin::verifier_init(&verifier, secret));
    for (uint32_t i = 0; i < kLogins; i++) {
      VerifyRecord& r = logins[i];
      const uint32_t date = i % 4 == 0 ? 0 : kDate;
      r = {};
      scalar(x, 1000 + i);
      scalar(r.y, 2000 + i);
      mpin::hash_id(r.hash_mpin_id, reinterpret_cast<const uint8_t*>(&i), sizeof i);
      for (int b = 0; b < 4; b++)
        r.date[b] = static_cast<uint8_t>(date >> (24 - 8 * b));
      must(mpin::client_secret_shares(share, master, r.hash_mpin_id, 1));
      must(mpin::time_permit_shares(permit, master, r.hash_mpin_id, &kDate, 1));
      must(mpin::extract_pin(token, r.hash_mpin_id, 1234, share));
      must(mpin::client_pass1(r.u, r.ut, sec, r.hash_mpin_id, 1234, token, permit, date, x));
      must(mpin::client_pass2(r.v, x, r.y, sec));
    }
    // -(1 + 1)·P, and -(1 + 0) times that.
    uint8_t one[32] = {}, zero[32] = {};
    one[31] = 1;
    must(mpin::client_pass2(spare[0], one, one, share));
    must(mpin::client_pass2(spare[1], one, zero, spare[0]));
  }
};

// add: point += spare, where that is still a point.
void add(uint8_t point[mpin::kG1Bytes], const uint8_t spare[mpin::kG1Bytes]) {
  uint8_t sum[mpin::kG1Bytes];
  if (mpin::add_g1(sum, point, spare) == Status::ok) std::memcpy(point, sum, sizeof sum);
}

void edit(const World& world, VerifyRecord* logins, size_t n, const uint8_t bytes[4]) {
  VerifyRecord& r = logins[bytes[1] % n];
  VerifyRecord& other = logins[bytes[2] % n];
  auto* raw = reinterpret_cast<uint8_t*>(&r);
  switch (bytes[0] % 8) {
    case 0:  // One byte anywhere but in the flags, whose other bits have no meaning.
      raw[(bytes[2] | (bytes[3] & 1) << 8) % offsetof(VerifyRecord, flags)] ^= bytes[3] | 1;
      break;
    case 1:
      raw[(bytes[2] | (bytes[3] & 1) << 8) % mpin::kRecordBytes] ^= bytes[3] | 1;
      break;
    case 2:  // Errors that cancel in a sum without random factors.
      add(r.v, world.spare[0]);
      add(other.v, world.spare[1]);
      break;
    case 3:
      std::memcpy(r.v, other.v, sizeof r.v);
      break;
    case 4:
      std::memcpy(bytes[3] & 1 ? r.ut : r.u, other.u, sizeof r.u);
      break;
    case 5:
      std::memset(r.y, bytes[3], sizeof r.y);
      break;
    case 6:  // The same login again.
      r = other;
      break;
    case 7:
      std::memset(bytes[3] & 1 ? r.v : r.ut, 0, sizeof r.v);
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto world = std::make_unique<World>();
  if (size < 2) return 0;
  const size_t n = 1 + data[0] % kLogins;
  const double wrong = data[1] / 255.0;
  VerifyRecord logins[kLogins];
  int8_t statuses[kLogins];
  std::memcpy(logins, world->logins, sizeof logins);
  for (size_t at = 2; at + 4 <= size; at += 4)
    edit(*world, logins, n, data + at);
  const auto* records = reinterpret_cast<const uint8_t*>(logins);
  mpin::verify_batch(world->verifier, records, n, statuses, wrong);
  for (size_t i = 0; i < n; i++) {
    // Unedited logins are good without asking.
    const bool edited = std::memcmp(&logins[i], &world->logins[i], sizeof logins[i]) != 0;
    const Status alone =
        edited ? mpin::verify(world->verifier, records + i * mpin::kRecordBytes) : Status::ok;
    FUZZ_CHECK(statuses[i] == static_cast<int8_t>(alone));
  }
  return 0;
}
