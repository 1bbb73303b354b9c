// The protocol through mpin.h: good logins, every error, PIN errors, batches.
#include <unistd.h>

#include <cstring>
#include <initializer_list>
#include <memory>

#include "mpin.h"
#include "test_types.h"

namespace mpin_test {
namespace {

using mpin::Status;
using mpin::VerifyRecord;

constexpr uint32_t kDate = 20000;

bool ok(Status status) {
  return status == Status::ok;
}

void order(uint8_t out[32], int add) {
  uint64_t words[4];
  std::memcpy(words, mpin::params::ModulusR::kModulus, sizeof words);
  words[0] += static_cast<uint64_t>(static_cast<int64_t>(add));
  mpin::limbs_to_bytes(out, words);
}

bool all_zero(const uint8_t* data, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (data[i] != 0) return false;
  return true;
}

// A world with two authorities, one identity and a prepared verifier.
struct World {
  uint8_t master[2][32], server_secret[128], hash[32], client_secret[65], permit[65];
  std::unique_ptr<mpin::Verifier> verifier = std::make_unique<mpin::Verifier>();

  World() {
    uint8_t id[20], share[2][128];
    for (int i = 0; i < 2; i++) {
      CHECK(ok(mpin::random_scalar(master[i])));
      CHECK(ok(mpin::server_secret_share(share[i], master[i])));
    }
    CHECK(ok(mpin::add_g2(server_secret, share[0], share[1])));
    CHECK(ok(mpin::verifier_init(verifier.get(), server_secret)));
    random_bytes(id, sizeof id);
    mpin::hash_id(hash, id, sizeof id);
    make_secret(client_secret, hash);
    make_permit(permit, hash, kDate);
  }
  void make_secret(uint8_t* out, const uint8_t* of) {
    uint8_t share[2][65];
    for (int i = 0; i < 2; i++)
      CHECK(ok(mpin::client_secret_shares(share[i], master[i], of, 1)));
    CHECK(ok(mpin::add_g1(out, share[0], share[1])));
  }
  void make_permit(uint8_t* out, const uint8_t* of, uint32_t date) {
    uint8_t share[2][65];
    for (int i = 0; i < 2; i++)
      CHECK(ok(mpin::time_permit_shares(share[i], master[i], of, &date, 1)));
    CHECK(ok(mpin::add_g1(out, share[0], share[1])));
  }
  // login: a record for a true PIN, an entered PIN and a date (0 = without permit).
  VerifyRecord login(uint32_t true_pin, uint32_t entered, uint32_t date) {
    VerifyRecord r = {};
    uint8_t token[65], x[32], sec[65];
    std::memcpy(r.hash_mpin_id, hash, 32);
    for (int i = 0; i < 4; i++)
      r.date[i] = static_cast<uint8_t>(date >> (24 - 8 * i));
    CHECK(ok(mpin::random_scalar(x)) && ok(mpin::random_scalar(r.y)));
    CHECK(ok(mpin::extract_pin(token, hash, true_pin, client_secret)));
    CHECK(ok(mpin::client_pass1(r.u, r.ut, sec, hash, entered, token, permit, date, x)));
    CHECK(ok(mpin::client_pass2(r.v, x, r.y, sec)));
    return r;
  }
  Status verify(const VerifyRecord& r) {
    return mpin::verify(*verifier, reinterpret_cast<const uint8_t*>(&r));
  }
  bool pin_error(const VerifyRecord& r, int32_t* error) {
    return mpin::pin_error(*verifier, reinterpret_cast<const uint8_t*>(&r), error);
  }
};

void random_point(uint8_t out[65]) {
  G1::encode(out, random_g1());
}

TEST("the right PIN is accepted and a wrong one refused, with and without a permit") {
  World world;
  for (uint32_t date : {0u, kDate}) {
    for (uint32_t pin : {0u, 1234u, 9999u}) {
      CHECK(world.verify(world.login(pin, pin, date)) == Status::ok);
      CHECK(world.verify(world.login(pin, 9999 - pin, date)) == Status::bad_pin);
    }
  }
}

TEST("anything of another login, date or identity is refused as a bad PIN") {
  World world;
  const VerifyRecord good = world.login(1, 1, kDate), other = world.login(1, 1, kDate);
  VerifyRecord r = good;
  std::memcpy(r.y, other.y, 32), CHECK(world.verify(r) == Status::bad_pin);
  r = good, std::memcpy(r.ut, other.ut, 65), CHECK(world.verify(r) == Status::bad_pin);
  r = good, std::memcpy(r.v, other.v, 65), CHECK(world.verify(r) == Status::bad_pin);
  r = good, random_point(r.v), CHECK(world.verify(r) == Status::bad_pin);
  r = good, random_point(r.ut), CHECK(world.verify(r) == Status::bad_pin);
  r = good, r.date[3] ^= 1, CHECK(world.verify(r) == Status::bad_pin);
  r = good, std::memset(r.date, 0, 4), CHECK(world.verify(r) == Status::bad_pin);
  r = good, r.hash_mpin_id[5] ^= 1, CHECK(world.verify(r) == Status::bad_pin);
  World elsewhere;
  CHECK(elsewhere.verify(good) == Status::bad_pin);
  // With a permit U only has to be a point.
  r = good, random_point(r.u), CHECK(world.verify(r) == Status::ok);
}

TEST("the challenge is taken modulo r") {
  World world;
  for (uint32_t date : {0u, kDate}) {
    VerifyRecord r = world.login(7, 7, date);
    uint64_t y[4];
    mpin::limbs_from_bytes(y, r.y);
    mpin::limbs_add<4>(y, y, mpin::params::ModulusR::kModulus);
    mpin::limbs_to_bytes(r.y, y);
    CHECK(world.verify(r) == Status::ok);
  }
}

// check_bad_points: every way in which the 65 bytes at `point` can be no point.
void check_bad_points(World& world, const VerifyRecord& good, size_t offset) {
  const auto attempt = [&](auto change) {
    VerifyRecord r = good;
    change(reinterpret_cast<uint8_t*>(&r) + offset);
    int32_t error;
    CHECK(world.verify(r) == Status::invalid_point);
    CHECK(!world.pin_error(r, &error));
  };
  attempt([](uint8_t* p) { std::memset(p, 0, 65); });
  attempt([](uint8_t* p) { std::memset(p + 1, 0, 64); });
  attempt([](uint8_t* p) { std::memset(p, 0xff, 65); });
  attempt([](uint8_t* p) { p[0] = 2; });
  attempt([](uint8_t* p) { p[64] ^= 1; });
  attempt([](uint8_t* p) {
    uint64_t x[4];
    mpin::limbs_from_bytes(x, p + 1);
    mpin::limbs_add<4>(x, x, mpin::params::ModulusP::kModulus);
    mpin::limbs_to_bytes(p + 1, x);
  });
}

TEST("a record with a bad U, UT or V is an invalid point, as is a malformed one") {
  World world;
  const VerifyRecord with = world.login(1, 1, kDate), without = world.login(1, 1, 0);
  check_bad_points(world, with, offsetof(VerifyRecord, u));
  check_bad_points(world, with, offsetof(VerifyRecord, ut));
  check_bad_points(world, with, offsetof(VerifyRecord, v));
  check_bad_points(world, without, offsetof(VerifyRecord, u));
  check_bad_points(world, without, offsetof(VerifyRecord, v));
  VerifyRecord r = without;
  std::memset(r.ut, 0xff, 65), CHECK(world.verify(r) == Status::ok);  // UT is ignored there.
  r = with, r.flags = mpin::kRecordMalformed, CHECK(world.verify(r) == Status::invalid_point);
}

TEST("a commitment that makes the response infinite is refused as a bad PIN") {
  World world;
  VerifyRecord r = world.login(1, 1, 0);
  // U = -y·A: then U + y·A is infinite.
  G1::Affine a;
  G1::Digits digits;
  G1::Projective p;
  uint64_t y[4];
  mpin::limbs_from_bytes(y, r.y);
  mpin::HashToG1T<Fp>::map_vartime(a, world.hash);
  G1::digits(&digits, y), G1::mul(p, a, digits), Fp::neg(p.y, p.y);
  G1::encode_many(r.u, &p, 1);
  int32_t error;
  CHECK(world.verify(r) == Status::bad_pin && !world.pin_error(r, &error));
  // U = y·A: the sum is a doubling.
  Fp::neg(p.y, p.y), G1::encode_many(r.u, &p, 1);
  CHECK(world.verify(r) == Status::bad_pin);
}

TEST("a batch gives each record the status it has alone, a bad one at any position") {
  World world;
  constexpr size_t n = 7;
  VerifyRecord batch[n];
  int8_t statuses[n];
  for (size_t i = 0; i < n; i++)
    batch[i] = world.login(5, 5, i & 1 ? kDate : 0);
  const VerifyRecord wrong = world.login(5, 6, kDate);
  for (size_t bad = 0; bad < n; bad++) {
    for (bool malformed : {false, true}) {
      const VerifyRecord kept = batch[bad];
      batch[bad] = wrong;
      if (malformed) batch[bad].v[64] ^= 1;
      mpin::verify_batch(*world.verifier, reinterpret_cast<const uint8_t*>(batch), n, statuses);
      for (size_t i = 0; i < n; i++) {
        const int expected = i != bad ? 0 : malformed ? -14 : -19;
        CHECK(statuses[i] == expected);
      }
      batch[bad] = kept;
    }
  }
  statuses[0] = 77;
  mpin::verify_batch(*world.verifier, nullptr, 0, statuses);
  CHECK(statuses[0] == 77);
}

TEST("the PIN error is exact at every edge, and absent when the token is wrong") {
  World world;
  constexpr uint32_t pairs[][2] = {
      {0, 0},    {0, 1},    {1, 0},       {0, 100},  {100, 0},  {0, 101},  {101, 0},
      {0, 201},  {201, 0},  {0, 301},     {302, 0},  {5000, 0}, {0, 9999}, {9999, 0},
      {1, 9999}, {9999, 1}, {1234, 4321}, {9949, 0}, {0, 9950}, {9950, 0}, {9998, 0}};
  int32_t error;
  for (const auto& pair : pairs) {
    for (uint32_t date : {0u, kDate}) {
      CHECK(world.pin_error(world.login(pair[0], pair[1], date), &error));
      CHECK(error == static_cast<int32_t>(pair[1]) - static_cast<int32_t>(pair[0]));
    }
  }
  for (int i = 0; i < iterations(10); i++) {
    const uint32_t a = static_cast<uint32_t>(random_word() % 10000);
    const uint32_t b = static_cast<uint32_t>(random_word() % 10000);
    CHECK(world.pin_error(world.login(a, b, kDate), &error));
    CHECK(error == static_cast<int32_t>(b) - static_cast<int32_t>(a));
  }
  VerifyRecord r = world.login(1, 1, kDate);
  random_point(r.v), CHECK(!world.pin_error(r, &error) && error == 0);
  World elsewhere;
  CHECK(!elsewhere.pin_error(world.login(1, 2, 0), &error));
  // 10000 off cannot be made by a PIN and is not found: two wrong tokens in a row.
  uint8_t once[65], token[65], x[32], sec[65];
  r = world.login(1, 1, 0);
  CHECK(ok(mpin::random_scalar(x)));
  CHECK(ok(mpin::extract_pin(once, world.hash, 9999, world.client_secret)));
  CHECK(ok(mpin::extract_pin(token, world.hash, 1, once)));
  CHECK(ok(mpin::client_pass1(r.u, r.ut, sec, world.hash, 0, token, nullptr, 0, x)));
  CHECK(ok(mpin::client_pass2(r.v, x, r.y, sec)));
  CHECK(world.verify(r) == Status::bad_pin && !world.pin_error(r, &error));
}

TEST("scalars outside [1, r), PINs above 9999 and missing permits are bad parameters") {
  World world;
  uint8_t bad[32], g1[65], g2[128], u[65], ut[65], sec[65], token[65], x[32];
  const uint32_t date = kDate, none = 0;
  CHECK(ok(mpin::random_scalar(x)));
  CHECK(ok(mpin::extract_pin(token, world.hash, 3, world.client_secret)));
  for (int kind = 0; kind < 4; kind++) {
    if (kind < 2) order(bad, kind);
    if (kind == 2) std::memset(bad, 0, 32);
    if (kind == 3) std::memset(bad, 0xff, 32);
    CHECK(mpin::server_secret_share(g2, bad) == Status::bad_parameter && all_zero(g2, 128));
    CHECK(mpin::client_secret_shares(g1, bad, world.hash, 1) == Status::bad_parameter);
    CHECK(mpin::time_permit_shares(g1, bad, world.hash, &date, 1) == Status::bad_parameter);
    CHECK(mpin::client_pass1(u, ut, sec, world.hash, 3, token, world.permit, date, bad) ==
          Status::bad_parameter);
    CHECK(mpin::client_pass2(g1, bad, x, token) == Status::bad_parameter && all_zero(g1, 65));
  }
  order(bad, -1), CHECK(ok(mpin::server_secret_share(g2, bad)));
  CHECK(mpin::time_permit_shares(g1, x, world.hash, &none, 1) == Status::bad_parameter);
  CHECK(mpin::extract_pin(g1, world.hash, 10000, world.client_secret) == Status::bad_parameter);
  CHECK(mpin::client_pass1(u, ut, sec, world.hash, 10000, token, nullptr, 0, x) ==
        Status::bad_parameter);
  CHECK(mpin::client_pass1(u, ut, sec, world.hash, 3, token, nullptr, date, x) ==
        Status::bad_parameter);
  // x + y = 0 mod r would give an infinite proof.
  uint64_t k[4], y[4];
  uint8_t minus[32];
  mpin::limbs_from_bytes(k, x);
  mpin::limbs_sub<4>(y, mpin::params::ModulusR::kModulus, k);
  mpin::limbs_to_bytes(minus, y);
  CHECK(mpin::client_pass2(g1, x, minus, token) == Status::bad_parameter);
}

TEST("bad points are refused by clients, sums and the verifier; infinite sums too") {
  World world;
  uint8_t out[65], out2[128], bad[65], bad2[128], minus[65], minus2[128], x[32], u[65], ut[65];
  CHECK(ok(mpin::random_scalar(x)));
  std::memcpy(bad, world.client_secret, 65), bad[64] ^= 1;
  std::memcpy(bad2, world.server_secret, 128), bad2[127] ^= 1;
  CHECK(mpin::extract_pin(out, world.hash, 1, bad) == Status::invalid_point && all_zero(out, 65));
  CHECK(mpin::client_pass1(u, ut, out, world.hash, 1, bad, nullptr, 0, x) == Status::invalid_point);
  CHECK(mpin::client_pass1(u, ut, out, world.hash, 1, world.client_secret, bad, kDate, x) ==
        Status::invalid_point);
  CHECK(all_zero(u, 65) && all_zero(ut, 65) && all_zero(out, 65));
  CHECK(mpin::client_pass2(out, x, x, bad) == Status::invalid_point);
  CHECK(mpin::add_g1(out, bad, world.permit) == Status::invalid_point);
  CHECK(mpin::add_g1(out, world.permit, bad) == Status::invalid_point);
  CHECK(mpin::add_g2(out2, bad2, world.server_secret) == Status::invalid_point);
  CHECK(mpin::verifier_init(world.verifier.get(), bad2) == Status::invalid_point);
  std::memset(bad2, 0, 128);
  CHECK(mpin::verifier_init(world.verifier.get(), bad2) == Status::invalid_point);
  G2::encode(bad2, random_twist_point());
  CHECK(mpin::verifier_init(world.verifier.get(), bad2) == Status::invalid_point);
  CHECK(mpin::add_g2(out2, world.server_secret, bad2) == Status::invalid_point);
  G1::Affine a;
  G2::Affine b;
  CHECK(G1::decode(a, world.permit) && G2::decode(b, world.server_secret));
  G1::neg(a, a), G1::encode(minus, a);
  G2::neg(b, b), G2::encode(minus2, b);
  CHECK(mpin::add_g1(out, world.permit, minus) == Status::invalid_point && all_zero(out, 65));
  CHECK(mpin::add_g2(out2, world.server_secret, minus2) == Status::invalid_point);
  CHECK(ok(mpin::add_g1(out, world.permit, world.permit)));
}

TEST("shares in a batch are the shares alone, for sizes around the group of one inversion") {
  uint8_t master[32];
  CHECK(ok(mpin::random_scalar(master)));
  for (size_t n : {size_t{0}, size_t{1}, size_t{13}, size_t{16}, size_t{17}, size_t{33}}) {
    std::vector<uint8_t> hashes(32 * n + 1), shares(65 * n + 1), permits(65 * n + 1);
    std::vector<uint32_t> dates(n + 1);
    random_bytes(hashes.data(), 32 * n);
    for (size_t i = 0; i < n; i++)
      dates[i] = static_cast<uint32_t>(19000 + i);
    CHECK(ok(mpin::client_secret_shares(shares.data(), master, hashes.data(), n)));
    CHECK(ok(mpin::time_permit_shares(permits.data(), master, hashes.data(), dates.data(), n)));
    for (size_t i = 0; i < n; i++) {
      uint8_t alone[65];
      CHECK(ok(mpin::client_secret_shares(alone, master, hashes.data() + 32 * i, 1)));
      CHECK(std::memcmp(alone, shares.data() + 65 * i, 65) == 0);
      CHECK(ok(mpin::time_permit_shares(alone, master, hashes.data(), &dates[i], 1)));
      CHECK(std::memcmp(alone, permits.data() + 65 * i, 65) == 0);
    }
  }
}

TEST("SHA-256 agrees with the examples of FIPS 180-4") {
  const auto digest = [](const std::string& s) {
    uint8_t out[32];
    mpin::hash_id(out, reinterpret_cast<const uint8_t*>(s.data()), s.size());
    return to_hex(out, 32);
  };
  CHECK(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(digest(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST("random scalars lie in [1, r) and differ") {
  uint8_t a[32], b[32];
  for (int i = 0; i < iterations(50); i++) {
    uint64_t k[4];
    CHECK(ok(mpin::random_scalar(a)) && ok(mpin::random_scalar(b)));
    CHECK(mpin::fr_from_bytes(k, a) && std::memcmp(a, b, 32) != 0);
  }
}

// kernel_of: what a fresh process says about its kernel with MPIN_KERNEL set.
std::string kernel_of(const char* wanted) {
  const std::string command =
      std::string("MPIN_KERNEL=") + wanted + " /proc/" + std::to_string(getpid()) + "/exe --kernel";
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  for (int c; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;)
    out += static_cast<char>(c);
  if (pipe != nullptr) pclose(pipe);
  return out;
}

TEST("the self test passes, and an unknown kernel is an error and no silent fallback") {
  CHECK(mpin::kernel_error() == nullptr && mpin::self_test());
  CHECK(kernel_of("portable") == "portable: ok\n");
  CHECK(kernel_of("no-such").find("refused") != std::string::npos);
}

}  // namespace
}  // namespace mpin_test
