// Batch checks of the IFMA kernel: every status is what the portable single check says.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "ifma_test.h"
#include "kernel.h"
#include "kernel_ifma.h"
#include "limbs.h"
#include "params.h"

using namespace mpin_test;
using mpin::Status;
using mpin::VerifyRecord;

namespace {

const mpin::Kernel& portable = mpin::kPortableKernel;

struct Known {
  VerifyRecord record;
  int8_t status;  // By the portable single check.
};

// A server with pools of logins of every kind, each checked by the portable kernel once.
class Server {
 public:
  Server() : portable_(new mpin::Verifier), verifier_(new mpin::Verifier) {
    uint8_t secret[mpin::kG2Bytes];
    ok(mpin::random_scalar(master_));
    ok(portable.server_secret_share(secret, master_));
    ok(portable.verifier_init(portable_.get(), secret));
    std::memcpy(verifier_.get(), portable_.get(), sizeof *verifier_);
    mpin::ifma_verifier_extend(verifier_.get());
    for (int i = 0; i < 48; i++)
      add(good, login(i % 4 != 0, 1234));
    for (int i = 0; i < 8; i++)
      add(bad, login(i % 2 != 0, 4321));
    add_pair_that_cancels();
    add_hostile();
  }
  void batch(const std::vector<const Known*>& logins, double wrong) {
    std::vector<uint8_t> bytes;
    for (const Known* known : logins) {
      const auto* record = reinterpret_cast<const uint8_t*>(&known->record);
      bytes.insert(bytes.end(), record, record + mpin::kRecordBytes);
    }
    std::vector<int8_t> statuses(logins.size() + 1, 99);
    mpin::ifma_verify_batch(*verifier_, bytes.data(), logins.size(), statuses.data(), wrong);
    int differ = 0;
    for (size_t i = 0; i < logins.size(); i++)
      differ += statuses[i] != logins[i]->status;
    CHECK(differ == 0);
    CHECK(statuses[logins.size()] == 99);
  }

  std::vector<Known> good, bad, invalid;

 private:
  void ok(Status status) { CHECK(status == Status::ok); }

  VerifyRecord login(bool permitted, uint32_t pin) {
    VerifyRecord r = {};
    uint8_t secret[65], permit[65], token[65], sec[65], x[32];
    random_bytes(r.hash_mpin_id, sizeof r.hash_mpin_id);
    const uint32_t date = permitted ? static_cast<uint32_t>(random_word()) | 1 : 0;
    for (int i = 0; i < 4; i++)
      r.date[i] = static_cast<uint8_t>(date >> (24 - 8 * i));
    ok(portable.client_secret_shares(secret, master_, r.hash_mpin_id, 1));
    if (permitted) ok(portable.time_permit_shares(permit, master_, r.hash_mpin_id, &date, 1));
    ok(portable.extract_pin(token, r.hash_mpin_id, 1234, secret));
    ok(mpin::random_scalar(x));
    ok(mpin::random_scalar(r.y));
    ok(portable.client_pass1(r.u, r.ut, sec, r.hash_mpin_id, pin, token, permit, date, x));
    ok(portable.client_pass2(r.v, x, r.y, sec));
    return r;
  }
  void add(std::vector<Known>& pool, const VerifyRecord& record) {
    Known known = {record, 0};
    portable.verify_batch(*portable_, reinterpret_cast<const uint8_t*>(&record), 1, &known.status,
                          0);
    pool.push_back(known);
  }
  static void negate(uint8_t point[65]) {  // y becomes p - y.
    uint64_t y[4], r[4];
    mpin::limbs_from_bytes(y, point + 33);
    mpin::limbs_sub<4>(r, mpin::params::ModulusP::kModulus, y);
    mpin::limbs_to_bytes(point + 33, r);
  }
  void shift_proof(VerifyRecord& r, const uint8_t by[65]) {
    uint8_t sum[65];
    ok(portable.add_g1(sum, r.v, by));
    std::memcpy(r.v, sum, sizeof sum);
  }
  // Two wrong logins whose errors are opposite, so that a plain sum of all proofs is right.
  void add_pair_that_cancels() {
    uint8_t by[65];
    std::memcpy(by, good[0].record.u, sizeof by);
    VerifyRecord a = good[1].record, b = good[2].record;
    shift_proof(a, by);
    negate(by);
    shift_proof(b, by);
    add(bad, a);
    add(bad, b);
    CHECK(bad[8].status == -19 && bad[9].status == -19);
  }
  void add_hostile() {
    const VerifyRecord with = good[1].record, without = good[0].record;
    VerifyRecord r = with;
    negate(r.v);
    add(bad, r);
    r = with;
    negate(r.ut);
    add(bad, r);
    r = with;
    r.y[31] ^= 1;
    add(bad, r);
    r = with;
    std::memset(r.y, 0, sizeof r.y);
    add(bad, r);
    std::memset(r.y, 0xff, sizeof r.y);
    add(bad, r);
    r = with;
    std::memcpy(r.v, r.ut, sizeof r.v);
    add(bad, r);
    add_infinite_response();
    r = without;
    random_bytes(r.ut, sizeof r.ut);  // Not looked at without a permit.
    add(good, r);
    r = with;
    random_bytes(r.u, sizeof r.u);  // Looked at although not used.
    add(invalid, r);
    r = with;
    r.v[64] ^= 1;
    add(invalid, r);
    r = with;
    r.ut[0] = 2;
    add(invalid, r);
    r = without;
    r.u[0] = 0;
    add(invalid, r);
    r = with;
    r.flags = mpin::kRecordMalformed;
    add(invalid, r);
    r = with;
    mpin::limbs_to_bytes(r.v + 1, mpin::params::ModulusP::kModulus);
    add(invalid, r);
    r = with;
    std::memset(r.v, 0, sizeof r.v);
    add(invalid, r);
    for (const Known& known : invalid)
      CHECK(known.status == -14);
  }
  // u = -y·A, which makes the response infinite: master 1 gives the multiples of A.
  void add_infinite_response() {
    VerifyRecord r = good[0].record;
    std::memset(r.y, 0, sizeof r.y);
    r.y[31] = 7;
    uint8_t seven[32] = {};
    seven[31] = 7;
    ok(portable.client_secret_shares(r.u, seven, r.hash_mpin_id, 1));
    negate(r.u);
    add(bad, r);
  }

  std::unique_ptr<mpin::Verifier> portable_, verifier_;
  uint8_t master_[32];
};

Server& server() {
  static Server instance;
  return instance;
}
const Known* pick(const std::vector<Known>& pool) {
  return &pool[random_word() % pool.size()];
}

std::vector<const Known*> all_good(size_t n) {
  std::vector<const Known*> logins;
  for (size_t i = 0; i < n; i++)
    logins.push_back(&server().good[i % server().good.size()]);
  return logins;
}

IFMA_TEST("a batch finds a wrong or invalid login at every position, whatever rate is expected") {
  for (const size_t n : {1u, 2u, 9u, 64u, 70u})
    for (size_t i = 0; i < n; i++) {
      auto logins = all_good(n);
      logins[i] = pick(i % 3 == 0 ? server().invalid : server().bad);
      server().batch(logins, i % 2 == 0 ? 0 : 0.05);
    }
}

IFMA_TEST("a batch finds wrong logins whose errors cancel in a plain sum") {
  for (int i = 0; i < iterations(20); i++) {
    auto logins = all_good(2 + random_word() % 90);
    const size_t first = random_word() % logins.size();
    const size_t second = (first + 1 + random_word() % (logins.size() - 1)) % logins.size();
    logins[first] = &server().bad[8];
    logins[second] = &server().bad[9];
    server().batch(logins, i % 3 * 0.1);
  }
}

IFMA_TEST("every kind of bad login is found alone, repeated and among others") {
  for (const auto* pool : {&server().bad, &server().invalid})
    for (const Known& known : *pool) {
      server().batch({&known}, 0);
      server().batch(std::vector<const Known*>(64, &known), 0.05);
      auto logins = all_good(30);
      logins[random_word() % 30] = &known;
      server().batch(logins, 0);
    }
}

IFMA_TEST("equal logins, repeated in a batch, are all good") {
  for (const size_t n : {2u, 8u, 16u, 64u, 100u, 256u})
    for (const double wrong : {0.0, 0.05})
      server().batch(std::vector<const Known*>(n, &server().good[3]), wrong);
}

IFMA_TEST("batches of any size and mixture get the statuses of the single check") {
  const double rates[] = {0, 0.01, 0.05, 0.2, 0.5, 1};
  for (size_t n = 1; n <= 300; n += n < 20 ? 1 : 1 + random_word() % 23) {
    const double rate = rates[random_word() % 6];
    std::vector<const Known*> logins;
    for (size_t i = 0; i < n; i++) {
      const bool wrong = static_cast<double>(random_word() % 1000) < 1000 * rate;
      const bool malformed = random_word() % 40 == 0;
      logins.push_back(pick(malformed ? server().invalid : wrong ? server().bad : server().good));
    }
    server().batch(logins, rates[random_word() % 6]);
  }
}

IFMA_TEST("an empty batch does nothing") {
  server().batch({}, 0);
}

}  // namespace
