// Batch checks of the scalar kernels: every status is what the single check says.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "batch.h"
#include "test_types.h"

namespace mpin_test {
namespace {

using mpin::Status;
using mpin::VerifyRecord;
using Batch = mpin::BatchT<Fp>;

struct Known {
  VerifyRecord record;
  int8_t status;  // Of the single check.
};

void ok(Status status) {
  CHECK(status == Status::ok);
}

// A server with logins of every kind, each checked alone once.
class Server {
 public:
  Server() : verifier_(new mpin::Verifier) {
    uint8_t secret[mpin::kG2Bytes];
    ok(mpin::random_scalar(master_));
    ok(mpin::server_secret_share(secret, master_));
    ok(mpin::ServerT<Fp>::verifier_init(verifier_.get(), secret));
    for (int i = 0; i < 40; i++)
      good.push_back(judged(login(i % 4 != 0, 1234)));
    for (int i = 0; i < 6; i++)
      bad.push_back(judged(login(i % 2 != 0, 4321)));
    add_pair_that_cancels();
    add_invalid();
    for (const Known& known : good)
      CHECK(known.status == 0);
    for (const Known& known : bad)
      CHECK(known.status == static_cast<int8_t>(Status::bad_pin));
    for (const Known& known : invalid)
      CHECK(known.status == static_cast<int8_t>(Status::invalid_point));
  }

  void batch(const std::vector<const Known*>& logins, double wrong) const {
    std::vector<uint8_t> bytes;
    for (const Known* known : logins) {
      const auto* record = reinterpret_cast<const uint8_t*>(&known->record);
      bytes.insert(bytes.end(), record, record + mpin::kRecordBytes);
    }
    std::vector<int8_t> statuses(logins.size() + 1, 99);
    Batch::verify_batch(*verifier_, bytes.data(), logins.size(), statuses.data(), wrong);
    int differ = 0;
    for (size_t i = 0; i < logins.size(); i++)
      differ += statuses[i] != logins[i]->status;
    CHECK(differ == 0);
    CHECK(statuses[logins.size()] == 99);
  }

  std::vector<Known> good, bad, invalid;

 private:
  Known judged(const VerifyRecord& record) const {
    Known known = {record, 99};
    Batch::verify_batch(*verifier_, reinterpret_cast<const uint8_t*>(&record), 1, &known.status, 0);
    return known;
  }

  VerifyRecord login(bool permitted, uint32_t pin) const {
    VerifyRecord r = {};
    const uint32_t date = permitted ? 16574 : 0;
    uint8_t x[32], secret[65], permit[65], token[65], sec[65];
    random_bytes(r.hash_mpin_id, sizeof r.hash_mpin_id);
    for (int i = 0; i < 4; i++)
      r.date[i] = static_cast<uint8_t>(date >> (24 - 8 * i));
    ok(mpin::random_scalar(x));
    random_bytes(r.y, sizeof r.y);
    ok(mpin::client_secret_shares(secret, master_, r.hash_mpin_id, 1));
    if (permitted) ok(mpin::time_permit_shares(permit, master_, r.hash_mpin_id, &date, 1));
    ok(mpin::extract_pin(token, r.hash_mpin_id, 1234, secret));
    ok(mpin::client_pass1(r.u, r.ut, sec, r.hash_mpin_id, pin, token, permit, date, x));
    ok(mpin::client_pass2(r.v, x, r.y, sec));
    return r;
  }

  // Two wrong proofs whose errors are a point and its negative, so that plain sums are right.
  void add_pair_that_cancels() {
    VerifyRecord plus = login(true, 1234), minus = login(false, 1234);
    G1::Affine error = random_g1();
    for (VerifyRecord* r : {&plus, &minus}) {
      G1::Affine v;
      G1::Projective a, b;
      CHECK(G1::decode(v, r->v));
      G1::from_affine(a, v);
      G1::from_affine(b, error);
      G1::add(a, a, b);
      G1::encode_many(r->v, &a, 1);
      G1::neg(error, error);
    }
    bad.push_back(judged(plus));
    bad.push_back(judged(minus));
    // V and its negative: with equal factors everything of both would vanish.
    VerifyRecord opposite = good[1].record;
    G1::Affine v;
    CHECK(G1::decode(v, opposite.v));
    G1::neg(v, v);
    G1::encode(opposite.v, v);
    bad.push_back(judged(opposite));
  }

  void add_invalid() {
    VerifyRecord r = good[1].record;
    r.v[64] ^= 1;
    invalid.push_back(judged(r));
    r = good[1].record;
    std::memset(r.u, 0, sizeof r.u);
    invalid.push_back(judged(r));
    r = good[1].record;
    r.ut[0] = 2;
    invalid.push_back(judged(r));
    r = good[0].record;
    r.flags = mpin::kRecordMalformed;
    invalid.push_back(judged(r));
  }

  std::unique_ptr<mpin::Verifier> verifier_;
  uint8_t master_[32];
};

const Server& server() {
  static const Server one;
  return one;
}

std::vector<const Known*> good_ones(size_t n) {
  std::vector<const Known*> logins;
  for (size_t i = 0; i < n; i++)
    logins.push_back(&server().good[i % server().good.size()]);
  return logins;
}

TEST("batch: a wrong or invalid login is found at every position, whatever rate is expected") {
  const double rates[] = {0, 0.05, 0.5, 2};
  for (size_t n : {2, 5, 8, 17}) {
    for (size_t position = 0; position < n; position++) {
      std::vector<const Known*> logins = good_ones(n);
      logins[position] = &server().bad[position % server().bad.size()];
      server().batch(logins, rates[position % 4]);
      logins[(position + 1) % n] = &server().invalid[position % server().invalid.size()];
      server().batch(logins, rates[(position + 1) % 4]);
    }
  }
}

TEST("batch: wrong logins whose errors cancel in a plain sum are both found") {
  const size_t first = server().bad.size() - 3;
  std::vector<const Known*> logins = good_ones(12);
  for (size_t i = 0; i + 1 < logins.size(); i += 3) {
    std::vector<const Known*> some = logins;
    some[i] = &server().bad[first], some[i + 1] = &server().bad[first + 1];
    server().batch(some, 0);
  }
  logins[3] = &server().good[1], logins[4] = &server().bad[first + 2];
  server().batch(logins, 0);
}

TEST("batch: equal logins, repeated, are good together, and bad together") {
  server().batch(std::vector<const Known*>(70, &server().good[2]), 0);
  server().batch(std::vector<const Known*>(9, &server().bad[2]), 0);
  server().batch(std::vector<const Known*>(9, &server().invalid[0]), 0.05);
}

TEST("batch: any size and mixture gets the statuses of the single check") {
  for (size_t n : {0, 1, 2, 3, 63, 64, 65, 129, 300})
    server().batch(good_ones(n), 0);
  for (int i = 0; i < iterations(6); i++) {
    const size_t n = 1 + random_word() % (i == 0 ? 300 : 70);
    const uint64_t percent = random_word() % 12;
    std::vector<const Known*> logins = good_ones(n);
    for (const Known*& login : logins) {
      if (random_word() % 100 < percent) login = &server().bad[random_word() % server().bad.size()];
      if (random_word() % 100 < 3)
        login = &server().invalid[random_word() % server().invalid.size()];
    }
    server().batch(logins, static_cast<double>(random_word() % 20) / 100);
  }
}

TEST("batch: groups shrink with the rate of wrong logins, to one") {
  CHECK(mpin::group_size(64, 0) == 64 && mpin::group_size(65, 0) == 128);
  CHECK(mpin::group_size(64, 1) == 1 && mpin::group_size(64, 0.6) == 1);
  size_t last = 256;
  for (int i = 1; i <= 100; i++) {
    const size_t size = mpin::group_size(256, i / 100.0);
    CHECK(size <= last);
    last = size;
  }
  CHECK(mpin::group_size(1, 0) == 1 && mpin::group_size(0, 0) == 1);
}

TEST("affine sums: equal, opposite and infinite points, alone and in one round") {
  using Sum = mpin::AffineSumT<Fp>;
  for (int i = 0; i < iterations(50); i++) {
    G1::Affine p = random_g1(), q = random_g1(), minus, infinity;
    G1::neg(minus, p);
    Sum::set_infinity(infinity);
    G1::Affine sums[6] = {p, p, p, p, infinity, infinity};
    const G1::Affine terms[6] = {q, p, minus, infinity, q, infinity};
    Sum::Addition jobs[6];
    Sum::Work work[6];
    for (int j = 0; j < 6; j++)
      jobs[j] = {&sums[j], &terms[j]};
    G1::Affine before[6];
    std::memcpy(before, sums, sizeof sums);
    Sum::run_vartime(jobs, 6, work);
    for (int j = 0; j < 6; j++) {
      G1::Projective a, b, r;
      const auto lift = [](G1::Projective& to, const G1::Affine& from) {
        G1::from_affine(to, from);
        if (Sum::is_infinity(from)) G1::set_infinity(to);
      };
      lift(a, before[j]), lift(b, terms[j]), lift(r, sums[j]);
      G1::add(a, a, b);
      CHECK(G1::equal(a, r) != 0);
    }
  }
}

TEST("the Jacobi symbol tells squares, as the square root does") {
  for (int i = 0; i < iterations(2000); i++) {
    const Fp a = random_element<Fp>();
    Fp root;
    CHECK(mpin::JacobiT<Fp>::is_square_vartime(a) == (mpin::PowerT<Fp>::sqrt(root, a) != 0));
  }
}

}  // namespace
}  // namespace mpin_test
