// mpin_bench_ifma: what mpin_bench measures, for the operations that the IFMA kernel does in lanes.
// Times are those of one lane, that is of one operation among as many as there are lanes.
#include <cstring>
#include <memory>
#include <vector>

#include "batch_ifma.h"
#include "bench_measure.h"
#include "engine_adx.h"

namespace {

using mpin::FpX8;
using mpin_bench::consume;
using mpin_bench::measure;
using Scalar = mpin::FieldT<mpin::params::ModulusP, mpin::AdxEngine>;
using G1 = mpin::G1T<Scalar>;
using Pairing = mpin::PairingT<Scalar>;

constexpr int kLanes = FpX8::kLanes;

void random_hash(uint8_t out[32], int seed) {
  mpin::hash_id(out, reinterpret_cast<const uint8_t*>(&seed), sizeof seed);
}

// random_lanes: eight different elements.
void random_lanes(FpX8& r, int seed) {
  uint8_t hashes[kLanes][32];
  const uint8_t* in[kLanes];
  for (int i = 0; i < kLanes; i++) {
    random_hash(hashes[i], kLanes * seed + i);
    in[i] = hashes[i];
  }
  mpin::ifma::from_bytes(r, in);
}

// Two products at once, as everywhere in the tower: one alone leaves the multiplier waiting.
void bench_field() {
  FpX8 a, b, c;
  random_lanes(a, 1), random_lanes(b, 2), random_lanes(c, 3);
  const auto two = [&](int) {
    FpX8::mul(a, a, c);
    FpX8::mul(b, b, c);
    consume(a), consume(b);
  };
  measure("fp_mul", 10000, two, 2 * kLanes);
}

void bench_map() {
  constexpr int kItems = 64;
  std::vector<mpin::ifma::Map8::Item> items(kItems);
  std::vector<mpin::ifma::Point8> points(kItems / kLanes);
  const auto map = [&](int round) {
    for (int i = 0; i < kItems; i++) {
      random_hash(items[static_cast<size_t>(i)].hash, kItems * round + i);
      items[static_cast<size_t>(i)].slot = static_cast<size_t>(i);
    }
    mpin::ifma::Map8::map_many_vartime(points.data(), items.data(), items.size());
    consume(points[0]);
  };
  measure("hash_to_g1", 5, map, kItems);
}

// The multiplication of secrets is the adx kernel's.
void bench_g1_mul() {
  G1::Affine a;
  G1::Projective p;
  G1::Digits digits;
  uint64_t k[4] = {0x123456789abcdef1, 0xfedcba9876543210, 0x0f1e2d3c4b5a6978, 0x1122334455667788};
  Scalar::set_constant(a.x, mpin::params::kG1X);
  Scalar::set_constant(a.y, mpin::params::kG1Y);
  G1::digits(&digits, k);
  measure("g1_mul", 20, [&](int) { G1::mul(p, a, digits), consume(p); });
}

void bench_pairing() {
  struct Lines {
    Pairing::G2Prepared scalar;
    mpin::ifma::PackedLines packed;
  };
  const auto lines = std::make_unique<Lines>();
  mpin::G2T<Scalar>::Affine q;
  mpin::G2T<Scalar>::generator(q);
  Pairing::prepare(lines->scalar, q);
  mpin::ifma::pack_lines<Scalar>(lines->packed, lines->scalar);
  // Any elements do: the loop is straight-line.
  mpin::ifma::Pairing8::G1Prepared p1, p2;
  random_lanes(p1.x_over_y, 1), random_lanes(p1.y_inverse, 2);
  random_lanes(p2.x_over_y, 3), random_lanes(p2.y_inverse, 4);
  mpin::Fp12T<FpX8> f;
  const auto loop = [&](int) {
    mpin::ifma::Miller8::run(f, p1, lines->packed, p2, lines->packed);
    consume(f);
  };
  measure("miller2_prepared", 5, loop, kLanes);
  const auto power = [&](int) { mpin::CyclotomicT<FpX8>::final_exp(f, f), consume(f); };
  measure("final_exp", 5, power, kLanes);
}

}  // namespace

int main() {
  if (mpin::kernel_error() != nullptr || std::strcmp(mpin::kernel_name(), "ifma") != 0) {
    std::printf("this CPU has no IFMA, or MPIN_KERNEL wants another kernel\n");
    return 1;
  }
  std::printf("kernel of the protocol functions: ifma; compiler: %s\n", __VERSION__);
  std::printf("%-24s %10s %10s\n", "ns per operation", "median", "min");
  bench_field();
  bench_map();
  bench_g1_mul();
  bench_pairing();
  return 0;
}
