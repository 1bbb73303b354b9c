// Fuzz target: any bytes as points and scalars. What is accepted is encoded back to the same bytes,
// and every function of the core that decodes agrees on what is acceptable.
#include <cstring>

#include "engine_portable.h"
#include "fuzz.h"
#include "g1.h"
#include "g2.h"
#include "mpin.h"

namespace {

using Fp = mpin::FieldT<mpin::params::ModulusP, mpin::PortableEngine>;
using G1 = mpin::G1T<Fp>;
using G2 = mpin::G2T<Fp>;
using mpin::Status;

bool all_zero(const uint8_t* bytes, size_t size) {
  uint8_t any = 0;
  for (size_t i = 0; i < size; i++)
    any |= bytes[i];
  return any == 0;
}

// check_g1: the order is odd, so a finite point has a finite double.
void check_g1(const uint8_t in[mpin::kG1Bytes]) {
  uint8_t twice[mpin::kG1Bytes], again[mpin::kG1Bytes], proof[mpin::kG1Bytes];
  uint8_t one[mpin::kScalarBytes] = {};
  one[mpin::kScalarBytes - 1] = 1;
  G1::Affine point;
  const bool accepted = G1::decode(point, in);
  const Status expected = accepted ? Status::ok : Status::invalid_point;
  FUZZ_CHECK(mpin::add_g1(twice, in, in) == expected);
  FUZZ_CHECK(accepted || all_zero(twice, sizeof twice));
  // -(1 + 1)·P
  FUZZ_CHECK(mpin::client_pass2(proof, one, one, in) == expected);
  if (!accepted) return;
  G1::encode(again, point);
  FUZZ_CHECK(std::memcmp(again, in, sizeof again) == 0);
  FUZZ_CHECK(std::memcmp(proof, twice, 33) == 0 && std::memcmp(proof, twice, sizeof twice) != 0);
  FUZZ_CHECK(mpin::add_g1(again, twice, proof) == Status::invalid_point);
}

void check_g2(const uint8_t in[mpin::kG2Bytes], mpin::Verifier* verifier) {
  uint8_t twice[mpin::kG2Bytes], again[mpin::kG2Bytes];
  G2::Affine point;
  const bool accepted = G2::decode(point, in);
  const Status expected = accepted ? Status::ok : Status::invalid_point;
  FUZZ_CHECK(mpin::add_g2(twice, in, in) == expected);
  FUZZ_CHECK(accepted || all_zero(twice, sizeof twice));
  if (!accepted) return;
  FUZZ_CHECK(mpin::verifier_init(verifier, in) == Status::ok);
  mpin::verifier_wipe(verifier);
  G2::encode(again, point);
  FUZZ_CHECK(std::memcmp(again, in, sizeof again) == 0);
}

// check_scalar: acceptable are 1 … r - 1, and big-endian bytes compare as numbers.
void check_scalar(const uint8_t in[mpin::kScalarBytes]) {
  uint8_t order[mpin::kScalarBytes], out[mpin::kG1Bytes], hash[mpin::kHashBytes] = {};
  mpin::limbs_to_bytes(order, mpin::params::ModulusR::kModulus);
  const bool accepted = std::memcmp(in, order, sizeof order) < 0 && !all_zero(in, sizeof order);
  const Status expected = accepted ? Status::ok : Status::bad_parameter;
  FUZZ_CHECK(mpin::client_secret_shares(out, in, hash, 1) == expected);
  FUZZ_CHECK(all_zero(out, sizeof out) == !accepted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static mpin::Verifier verifier;
  uint8_t input[mpin::kG2Bytes] = {};
  if (size > 0) std::memcpy(input, data, size < sizeof input ? size : sizeof input);
  check_g1(input);
  check_g2(input, &verifier);
  check_scalar(input);
  return 0;
}
