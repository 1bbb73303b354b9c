// The IFMA kernel. This unit alone is compiled for AVX-512 F, VL, DQ, IFMA and BMI2, ADX.
#include "kernel_ifma.h"

#include "batch_ifma.h"
#include "engine_adx.h"

namespace mpin {
namespace {

// A type of this unit: its templates must not be merged with those of the adx kernel, which runs on
// CPUs without AVX-512.
struct Engine : AdxEngine {};
using Scalar = FieldT<params::ModulusP, Engine>;
using Batch = ifma::Batch<Scalar>;

// Working space for one batch. Too large for a stack, and public: proofs and factors of past
// checks.
alignas(64) thread_local unsigned char scratch_bytes[sizeof(Batch::Scratch)];

}  // namespace

void ifma_verifier_extend(Verifier* verifier) {
  auto* state = reinterpret_cast<Batch::State*>(verifier->opaque);
  ifma::pack_lines<Scalar>(state->q, state->scalar.q);
  ifma::pack_lines<Scalar>(state->secret, state->scalar.secret);
}

void ifma_verify_batch(const Verifier& verifier, const uint8_t* records, size_t n, int8_t* statuses,
                       double wrong) {
  const auto& state = *reinterpret_cast<const Batch::State*>(verifier.opaque);
  const auto* logins = reinterpret_cast<const VerifyRecord*>(records);
  auto& scratch = *reinterpret_cast<Batch::Scratch*>(scratch_bytes);
  for (size_t i = 0; i < n; i += ifma::kBatchMax)
    Batch::verify(state, logins + i, n - i < ifma::kBatchMax ? n - i : ifma::kBatchMax,
                  statuses + i, wrong, scratch);
}

}  // namespace mpin
