// mpin_bench_batch [ROUNDS]: microseconds a login of the IFMA batch check, and where they go. CPU
// time of the thread, so that a busy machine disturbs less; it still shows in shared cores and
// caches.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "batch_ifma.h"
#include "engine_adx.h"
#include "ifma_test.h"
#include "kernel_ifma.h"

namespace {

using mpin::VerifyRecord;
using Scalar = mpin::FieldT<mpin::params::ModulusP, mpin::AdxEngine>;
using Batch = mpin::ifma::Batch<Scalar>;

int rounds = 41;
uint8_t master[mpin::kScalarBytes];
std::unique_ptr<mpin::Verifier> verifier(new mpin::Verifier);

double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

// measure: call takes the number of the round; the time is given for each of n parts.
template <class Call>
void measure(const char* name, size_t n, Call call) {
  std::vector<double> times;
  for (int round = -3; round < rounds; round++) {
    const double start = now();
    call(static_cast<size_t>(round + 3));
    if (round >= 0) times.push_back((now() - start) / static_cast<double>(n));
  }
  std::sort(times.begin(), times.end());
  std::printf("%-28s %8.2f %8.2f\n", name, times[times.size() / 2], times[0]);
}

void require(mpin::Status status) {
  if (status == mpin::Status::ok) return;
  std::puts("a login could not be made");
  std::exit(1);
}

VerifyRecord login(bool right) {
  VerifyRecord r = {};
  uint8_t secret[65], permit[65], token[65], sec[65], x[32];
  const uint32_t date = 20000;
  require(mpin::random_scalar(r.hash_mpin_id));
  for (int i = 0; i < 4; i++)
    r.date[i] = static_cast<uint8_t>(date >> (24 - 8 * i));
  require(mpin::client_secret_shares(secret, master, r.hash_mpin_id, 1));
  require(mpin::time_permit_shares(permit, master, r.hash_mpin_id, &date, 1));
  require(mpin::extract_pin(token, r.hash_mpin_id, 1234, secret));
  require(mpin::random_scalar(x));
  require(mpin::random_scalar(r.y));
  require(mpin::client_pass1(r.u, r.ut, sec, r.hash_mpin_id, right ? 1234u : 4321u, token, permit,
                             date, x));
  require(mpin::client_pass2(r.v, x, r.y, sec));
  return r;
}

// verify: batches of n from the pool, a different part of it each round.
void verify(const char* name, const std::vector<VerifyRecord>& pool, size_t n, double wrong) {
  std::vector<int8_t> statuses(n);
  measure(name, n, [&](size_t round) {
    const size_t from = round * n % (pool.size() - n + 1);
    const auto* records = reinterpret_cast<const uint8_t*>(&pool[from]);
    mpin::ifma_verify_batch(*verifier, records, n, statuses.data(), wrong);
  });
}

// parts: the steps of a whole check of 64 logins, for each login.
void parts(const std::vector<VerifyRecord>& pool) {
  constexpr size_t n = mpin::ifma::kChunk, vectors = mpin::ifma::kChunkVectors;
  const auto& state = *reinterpret_cast<const Batch::State*>(verifier->opaque);
  auto* s = static_cast<Batch::Scratch*>(std::aligned_alloc(64, sizeof(Batch::Scratch)));
  std::memset(static_cast<void*>(s), 0, sizeof *s);
  measure("part decode", n, [&](size_t) {
    for (size_t j = 0; j < vectors; j++)
      mpin::ifma::Decoder<Scalar>::decode_vector(s->logins, j, &pool[8 * j], 8);
  });
  measure("part decode and map", n, [&](size_t) {
    mpin::ifma::Decoder<Scalar>::decode_vartime(s->logins, s->decode, pool.data(), n);
  });
  measure("part tables", n, [&](size_t) { Batch::build_tables(*s, 0, vectors, true); });
  measure("part factors", n, [&](size_t) { (void)Batch::draw_factors(*s, 0, vectors); });
  measure("part sums in lanes", n, [&](size_t) { Batch::sum_chunk(s->sums[0], *s, vectors); });
  mpin::G1T<Scalar>::Jacobian a, b;
  mpin::ifma::Fp12Lanes value;
  measure("part sums of lanes", n,
          [&](size_t) { Batch::Sums::sum_lanes(a, b, s->sums, 1, s->msm); });
  measure("part pairing", n, [&](size_t) {
    mpin::ifma::PairingCheck<Scalar>::value_vartime(value, a, state.q, b, state.secret);
  });
  mpin::Fp12T<mpin::FpX8> values;
  Batch::Projective8 c, d;
  Batch::Sums::horner_lanes(c, s->sums[0].of, mpin::ifma::kProofWindows);
  Batch::Sums::horner_lanes(d, s->sums[0].of + mpin::ifma::kProofWindows,
                            mpin::ifma::kResponseWindows);
  measure("eight pairings side by side", 8, [&](size_t) { Batch::pairings(values, state, c, d); });
  std::free(s);
}

void hash(size_t n) {
  std::vector<mpin::ifma::Map8::Item> items(n);
  auto* points = static_cast<mpin::ifma::Point8*>(
      std::aligned_alloc(64, sizeof(mpin::ifma::Point8) * (n / 8)));
  for (size_t i = 0; i < n / 8; i++)
    mpin::ifma::set_infinite(points[i]);
  for (size_t i = 0; i < n; i++) {
    require(mpin::random_scalar(items[i].hash));
    items[i].slot = i;
  }
  measure("hash_to_g1", n, [&](size_t) {
    for (auto& item : items)
      item.hash[7]++;
    mpin::ifma::Map8::map_many_vartime(points, items.data(), n);
  });
  std::free(points);
}

}  // namespace

int main(int argc, char** argv) {
  if (!mpin_test::ifma_supported()) {
    std::puts("this CPU has no AVX-512 IFMA");
    return 1;
  }
  if (argc > 1) rounds = std::max(1, std::atoi(argv[1]));
  uint8_t secret[mpin::kG2Bytes];
  require(mpin::random_scalar(master));
  require(mpin::server_secret_share(secret, master));
  require(mpin::verifier_init(verifier.get(), secret));
  mpin::ifma_verifier_extend(verifier.get());
  std::vector<VerifyRecord> good, mixed, wrong;
  for (int i = 0; i < 512; i++)
    good.push_back(login(true));
  for (int i = 0; i < 96; i++)
    wrong.push_back(login(false));
  mixed = good;
  std::srand(20);  // Each login is wrong with a chance of 5 %.
  for (VerifyRecord& record : mixed)
    if (std::rand() % 20 == 0) record = wrong[static_cast<size_t>(std::rand()) % wrong.size()];
  std::printf("%-28s %8s %8s   us a login, CPU time\n", "ifma", "median", "min");
  hash(128);
  verify("verify_single", good, 1, 0);
  verify("verify_batch_8", good, 8, 0);
  verify("verify_batch_64", good, 64, 0);
  verify("verify_batch_256", good, 256, 0);
  verify("verify_batch_64_wrong5pct", mixed, 64, 0.05);
  verify("64, all wrong", wrong, 64, 1);
  verify("64, all wrong, unexpected", wrong, 64, 0);
  parts(good);
}
