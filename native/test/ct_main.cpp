// mpin_ct: run under valgrind, it reports every branch and every address that depends on a secret.
// Secrets are marked as undefined memory; the core declassifies only whether inputs are acceptable.
//   valgrind --error-exitcode=1 mpin_ct          must find nothing
//   valgrind --error-exitcode=1 mpin_ct --leak   must find the planted leak: the check works
#include <valgrind/memcheck.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "mpin.h"

namespace {

template <class T>
void hide(T& secret) {
  VALGRIND_MAKE_MEM_UNDEFINED(&secret, sizeof secret);
}

template <class T>
void show(T& value) {
  VALGRIND_MAKE_MEM_DEFINED(&value, sizeof value);
}

int failures = 0;

void expect_ok(mpin::Status status, const char* what) {
  if (status == mpin::Status::ok) return;
  std::printf("%s gave %d\n", what, static_cast<int>(status));
  failures++;
}

void run() {
  constexpr uint32_t kDates[2] = {20000, 20001};
  uint8_t master[32], x[32], y[32], hash[32];
  uint8_t server[128], server_sum[128], client[65], permits[2 * 65], client_sum[65];
  uint8_t token[65], u[65], ut[65], sec[65], v[65];
  uint32_t pin = 1234;
  auto verifier = std::make_unique<mpin::Verifier>();
  expect_ok(mpin::random_scalar(master), "random_scalar");
  expect_ok(mpin::random_scalar(x), "random_scalar");
  expect_ok(mpin::random_scalar(y), "random_scalar");
  mpin::hash_id(hash, y, sizeof y);
  hide(master), hide(x), hide(pin);

  // What comes out of a function is as secret as what went in, and goes on hidden.
  expect_ok(mpin::server_secret_share(server, master), "server_secret_share");
  expect_ok(mpin::client_secret_shares(client, master, hash, 1), "client_secret_shares");
  expect_ok(mpin::time_permit_shares(permits, master, hash, kDates, 2), "time_permit_shares");
  expect_ok(mpin::add_g1(client_sum, client, permits), "add_g1");
  expect_ok(mpin::add_g2(server_sum, server, server), "add_g2");
  expect_ok(mpin::extract_pin(token, hash, pin, client), "extract_pin");
  expect_ok(mpin::client_pass1(u, ut, sec, hash, pin, token, permits, kDates[0], x),
            "client_pass1");
  expect_ok(mpin::client_pass2(v, x, y, sec), "client_pass2");
  expect_ok(mpin::verifier_init(verifier.get(), server), "verifier_init");

  // The proof is public once it is sent, and it must be right.
  show(u), show(ut), show(v), show(*verifier);
  mpin::VerifyRecord record = {};
  std::memcpy(record.hash_mpin_id, hash, sizeof hash);
  for (int i = 0; i < 4; i++)
    record.date[i] = static_cast<uint8_t>(kDates[0] >> (24 - 8 * i));
  std::memcpy(record.u, u, sizeof u);
  std::memcpy(record.ut, ut, sizeof ut);
  std::memcpy(record.v, v, sizeof v);
  std::memcpy(record.y, y, sizeof y);
  expect_ok(mpin::verify(*verifier, reinterpret_cast<const uint8_t*>(&record)), "verify");
}

// leak: a branch on a bit of a secret.
void leak() {
  uint8_t secret[32];
  expect_ok(mpin::random_scalar(secret), "random_scalar");
  hide(secret);
  volatile uint32_t sink = 0;
  if (secret[31] & 1) sink = sink + 1;
}

}  // namespace

int main(int argc, char** argv) {
  // Another kernel than the one asked for must not pass in its name.
  if (mpin::kernel_error() != nullptr) {
    std::printf("%s\n", mpin::kernel_error());
    return 1;
  }
  if (argc > 1 && std::strcmp(argv[1], "--leak") == 0)
    leak();
  else
    run();
  std::printf("constant-time run of kernel %s finished, %d failures\n", mpin::kernel_name(),
              failures);
  return failures == 0 ? 0 : 1;
}
