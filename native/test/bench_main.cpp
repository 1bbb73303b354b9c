// mpin_bench: medians and minima of single operations over one scalar field, in nanoseconds.
// Inputs are made beforehand and differ from round to round; results are consumed and checked.
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <vector>

#include "bench_measure.h"
#include "engine_portable.h"
#include "mpin.h"
#include "server.h"

#ifdef MPIN_TEST_ENGINE_HEADER
#include MPIN_TEST_ENGINE_HEADER
#else
#define MPIN_TEST_ENGINE mpin::PortableEngine
#endif

namespace {

using mpin_bench::consume;
using mpin_bench::measure;

using F = mpin::FieldT<mpin::params::ModulusP, MPIN_TEST_ENGINE>;
using Fp2 = mpin::Fp2T<F>;
using Fp6 = mpin::Fp6T<F>;
using Fp12 = mpin::Fp12T<F>;
using G1 = mpin::G1T<F>;
using G2 = mpin::G2T<F>;
using Pairing = mpin::PairingT<F>;

template <class T>
void fill(T& out, uint32_t seed) {
  auto* f = reinterpret_cast<F*>(&out);
  for (size_t i = 0; i < sizeof(T) / sizeof(F); i++) {
    uint8_t hash[32];
    const uint32_t input[2] = {seed, static_cast<uint32_t>(i)};
    mpin::hash_id(hash, reinterpret_cast<const uint8_t*>(input), sizeof input);
    F::from_bytes_reduced(f[i], hash);
  }
}

void bench_fields() {
  F a, b;
  Fp2 a2, b2;
  Fp6 a6, b6;
  Fp12 a12, b12;
  F::Wide wide;
  fill(a, 1), fill(b, 2), fill(a2, 3), fill(b2, 4), fill(a6, 5), fill(b6, 6);
  fill(a12, 7), fill(b12, 8);
  measure("fp_add", 10000, [&](int) { F::add(a, a, b), consume(a); });
  measure("fp_mul", 10000, [&](int) { F::mul(a, a, b), consume(a); });
  measure("fp_sqr", 10000, [&](int) { F::sqr(a, a), consume(a); });
  measure("fp_mul_wide", 10000, [&](int) { F::mul_wide(wide, a, b), consume(wide); });
  measure("fp_redc", 10000, [&](int) { F::redc(a, wide), consume(a); });
  measure("fp_inv", 100, [&](int) { mpin::PowerT<F>::inv(a, a), consume(a); });
  measure("fp_sqrt", 100, [&](int) { (void)mpin::PowerT<F>::sqrt(a, a), consume(a); });
  measure("fp2_mul", 5000, [&](int) { Fp2::mul(a2, a2, b2), consume(a2); });
  measure("fp2_sqr", 5000, [&](int) { Fp2::sqr(a2, a2), consume(a2); });
  measure("fp6_mul", 1000, [&](int) { Fp6::mul(a6, a6, b6), consume(a6); });
  measure("fp12_mul", 500, [&](int) { Fp12::mul(a12, a12, b12), consume(a12); });
  measure("fp12_sqr", 500, [&](int) { Fp12::sqr(a12, a12), consume(a12); });
  measure("fp12_cyclotomic_sqr", 500,
          [&](int) { mpin::CyclotomicT<F>::sqr(a12, a12), consume(a12); });
}

void bench_groups_and_pairing() {
  G1::Affine a;
  G1::Jacobian j;
  G1::Projective p;
  G1::Digits digits;
  uint8_t hash[32] = {1};
  uint64_t k[4] = {0x123456789abcdef1, 0xfedcba9876543210, 0x0f1e2d3c4b5a6978, 0x1122334455667788};
  measure("hash_to_g1", 100, [&](int i) {
    std::memcpy(hash, &i, sizeof i);
    mpin::hash_id(hash, hash, sizeof hash);
    mpin::HashToG1T<F>::map_vartime(a, hash), consume(a);
  });
  G1::from_affine(j, a);
  measure("g1_mul_vartime", 20, [&](int) {
    k[0] += 0x9e3779b97f4a7c15;
    G1::mul_vartime(j, j, k), consume(j);
  });
  G1::digits(&digits, k);
  measure("g1_mul", 20, [&](int) { G1::mul(p, a, digits), consume(p); });
  G2::Affine q;
  G2::Projective gp;
  G2::generator(q);
  measure("g2_mul", 5, [&](int) { G2::mul(gp, q, k), consume(gp); });
  auto prepared = std::make_unique<Pairing::G2Prepared>();
  measure("g2_prepare", 2, [&](int) { Pairing::prepare(*prepared, q), consume(*prepared); });
  measure("g2_in_subgroup", 5, [&](int) {
    auto in = G2::in_subgroup(q);
    consume(in);
  });
  Pairing::G1Prepared p1, p2;
  Fp12 f;
  Pairing::prepare_g1(p1, p2, j, j, mpin::PowerT<F>::inv);
  measure("miller2_prepared", 5,
          [&](int) { Pairing::miller2(f, p1, *prepared, p2, *prepared), consume(f); });
  measure("final_exp", 5, [&](int) { mpin::CyclotomicT<F>::final_exp(f, f), consume(f); });
}

// Logins of different identities, so that nothing is measured warm that would be cold in use.
void bench_protocol() {
  constexpr int kLogins = 64;
  constexpr uint32_t kDate = 16574;
  const auto must = [](mpin::Status status) {
    if (status != mpin::Status::ok) std::printf("a setup step failed\n");
  };
  uint8_t master[32], x[32], secret[128], cs[65], permit[65], token[65], sec[65];
  must(mpin::random_scalar(master));
  must(mpin::server_secret_share(secret, master));
  auto verifier = std::make_unique<mpin::Verifier>();
  must(mpin::verifier_init(verifier.get(), secret));
  std::vector<mpin::VerifyRecord> records(kLogins);
  uint32_t pin = 1234;
  for (int i = 0; i < kLogins; i++) {
    mpin::VerifyRecord& r = records[static_cast<size_t>(i)];
    r = {};
    mpin::hash_id(r.hash_mpin_id, reinterpret_cast<const uint8_t*>(&i), sizeof i);
    for (int b = 0; b < 4; b++)
      r.date[b] = static_cast<uint8_t>(kDate >> (24 - 8 * b));
    must(mpin::random_scalar(x));
    must(mpin::random_scalar(r.y));
    must(mpin::client_secret_shares(cs, master, r.hash_mpin_id, 1));
    must(mpin::time_permit_shares(permit, master, r.hash_mpin_id, &kDate, 1));
    must(mpin::extract_pin(token, r.hash_mpin_id, pin, cs));
    must(mpin::client_pass1(r.u, r.ut, sec, r.hash_mpin_id, pin, token, permit, kDate, x));
    must(mpin::client_pass2(r.v, x, r.y, sec));
  }
  const auto record = [&](int i) {
    return reinterpret_cast<const uint8_t*>(&records[static_cast<size_t>(i % kLogins)]);
  };
  int rejected = 0;
  measure("verify_single", 5, [&](int i) {
    if (mpin::verify(*verifier, record(i)) != mpin::Status::ok) rejected++;
  });
  if (rejected != 0) std::printf("verify_single: %d good logins were rejected\n", rejected);
  for (const int size : {2, 8, 64}) {
    int8_t statuses[kLogins];
    char name[32];
    std::snprintf(name, sizeof name, "verify_batch_%d (each)", size);
    measure(
        name, 1,
        [&](int) {
          mpin::verify_batch(*verifier, record(0), static_cast<size_t>(size), statuses);
          for (int j = 0; j < size; j++)
            rejected += statuses[j] != 0;
        },
        size);
  }
  if (rejected != 0) std::printf("verify_batch: %d good logins were rejected\n", rejected);
  mpin::VerifyRecord wrong = records[0];
  int32_t error = 0;
  must(mpin::client_secret_shares(cs, master, wrong.hash_mpin_id, 1));
  must(mpin::time_permit_shares(permit, master, wrong.hash_mpin_id, &kDate, 1));
  must(mpin::extract_pin(token, wrong.hash_mpin_id, 9999, cs));
  must(mpin::client_pass1(wrong.u, wrong.ut, sec, wrong.hash_mpin_id, 0, token, permit, kDate, x));
  must(mpin::client_pass2(wrong.v, x, wrong.y, sec));
  bool found = true;
  measure("pin_error_worst", 2, [&](int) {
    found &= mpin::pin_error(*verifier, reinterpret_cast<const uint8_t*>(&wrong), &error);
  });
  if (!found || error != -9999) std::printf("pin_error_worst: wrong answer %d\n", error);
  measure("client_secret", 5, [&](int i) {
    (void)mpin::client_secret_shares(cs, master,
                                     records[static_cast<size_t>(i % kLogins)].hash_mpin_id, 1);
    consume(cs);
  });
  measure("server_secret", 2, [&](int) { (void)mpin::server_secret_share(secret, master); });
  measure("verifier_init", 2, [&](int) { (void)mpin::verifier_init(verifier.get(), secret); });
}

}  // namespace

int main(int argc, char** argv) {
#ifdef MPIN_VERIFY
  std::printf("refusing to measure a build that checks bounds\n");
  return 1;
#else
  if (!mpin::self_test()) {
    std::printf("self test failed: %s\n", mpin::kernel_error() ? mpin::kernel_error() : "answers");
    return 1;
  }
  std::printf("kernel of the protocol functions: %s; compiler: %s\n", mpin::kernel_name(),
              __VERSION__);
  std::printf("%-24s %10s %10s\n", "ns per operation", "median", "min");
  const bool protocol_only = argc > 1 && std::strcmp(argv[1], "--protocol") == 0;
  if (!protocol_only) bench_fields();
  if (!protocol_only) bench_groups_and_pairing();
  bench_protocol();
  return 0;
#endif
}
