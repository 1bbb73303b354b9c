// The functions of mpin.h over the kernel that is chosen once, at first use.
#include <cstdlib>
#include <cstring>

#include "engine_portable.h"
#include "fr.h"
#include "kernel.h"
#include "mpin.h"
#include "random.h"
#include "secret.h"
#include "self_test.h"
#include "sha256.h"

#ifdef MPIN_X86_KERNELS
#include "cpu_x86.h"
#include "kernel_ifma.h"
#endif

namespace mpin {
namespace {

using Portable = FieldT<params::ModulusP, PortableEngine>;

struct Selection {
  const Kernel* kernel;
  const char* error;
};

// A kernel of this build and whether this CPU can run it.
struct Candidate {
  const Kernel* kernel;
  bool supported;
};

#ifdef MPIN_X86_KERNELS
// ifma_kernel: checks logins itself; the rest, and all that touches secrets, is the adx kernel's.
Kernel ifma_kernel() {
  Kernel kernel = kAdxKernel;
  kernel.name = "ifma";
  kernel.verifier_init = [](Verifier* verifier, const uint8_t* server_secret) {
    const Status status = kAdxKernel.verifier_init(verifier, server_secret);
    if (status == Status::ok) ifma_verifier_extend(verifier);
    return status;
  };
  kernel.verify_batch = ifma_verify_batch;
  return kernel;
}
#endif

// select_kernel: MPIN_KERNEL when set, else the best one the CPU has. A name that cannot be obeyed
// is an error, not a silent fallback: whoever sets it wants that kernel and no other.
Selection select_kernel() {
#ifdef MPIN_X86_KERNELS
  static const Kernel ifma = ifma_kernel();
  const CpuFeatures cpu = cpu_features();
  const Candidate candidates[] = {
      {&ifma, cpu.ifma}, {&kAdxKernel, cpu.adx}, {&kPortableKernel, true}};  // The best first.
#else
  const Candidate candidates[] = {{&kPortableKernel, true}};
#endif
  const char* wanted = std::getenv("MPIN_KERNEL");
  for (const Candidate& candidate : candidates) {
    if (wanted == nullptr || *wanted == '\0') {
      if (candidate.supported) return {candidate.kernel, nullptr};
    } else if (std::strcmp(wanted, candidate.kernel->name) == 0) {
      if (candidate.supported) return {candidate.kernel, nullptr};
      return {&kPortableKernel, "MPIN_KERNEL names a kernel that this CPU does not support"};
    }
  }
  return {&kPortableKernel, "MPIN_KERNEL names a kernel that this build does not have"};
}

const Selection& selection() {
  static const Selection chosen = select_kernel();
  return chosen;
}

const Kernel& kernel() {
  return *selection().kernel;
}

}  // namespace

void hash_id(uint8_t out[kHashBytes], const uint8_t* id, size_t len) {
  Sha256 sha;
  sha.update(id, len);
  sha.final(out);
}

Status random_scalar(uint8_t out[kScalarBytes]) {
  Secret<uint8_t[64]> bytes;
  Secret<uint64_t[4]> k;
  std::memset(out, 0, kScalarBytes);
  // Zero has probability 2^-253; the loop only makes the promise exact.
  do {
    if (!os_random(*bytes, sizeof *bytes)) return Status::bad_parameter;
    fr_from_wide_bytes<Portable>(*k, *bytes);
  } while (declassify(limbs_is_zero_mask<4>(*k)));
  limbs_to_bytes(out, *k);
  return Status::ok;
}

Status server_secret_share(uint8_t out[kG2Bytes], const uint8_t master[kScalarBytes]) {
  return kernel().server_secret_share(out, master);
}

Status client_secret_shares(uint8_t* out, const uint8_t master[kScalarBytes], const uint8_t* hashes,
                            size_t n) {
  return kernel().client_secret_shares(out, master, hashes, n);
}

Status time_permit_shares(uint8_t* out, const uint8_t master[kScalarBytes],
                          const uint8_t hash[kHashBytes], const uint32_t* dates, size_t n) {
  return kernel().time_permit_shares(out, master, hash, dates, n);
}

Status add_g1(uint8_t out[kG1Bytes], const uint8_t a[kG1Bytes], const uint8_t b[kG1Bytes]) {
  return kernel().add_g1(out, a, b);
}

Status add_g2(uint8_t out[kG2Bytes], const uint8_t a[kG2Bytes], const uint8_t b[kG2Bytes]) {
  return kernel().add_g2(out, a, b);
}

Status extract_pin(uint8_t token[kG1Bytes], const uint8_t hash[kHashBytes], uint32_t pin,
                   const uint8_t client_secret[kG1Bytes]) {
  return kernel().extract_pin(token, hash, pin, client_secret);
}

Status client_pass1(uint8_t u[kG1Bytes], uint8_t ut[kG1Bytes], uint8_t sec[kG1Bytes],
                    const uint8_t hash[kHashBytes], uint32_t pin, const uint8_t token[kG1Bytes],
                    const uint8_t* permit, uint32_t date, const uint8_t x[kScalarBytes]) {
  return kernel().client_pass1(u, ut, sec, hash, pin, token, permit, date, x);
}

Status client_pass2(uint8_t v[kG1Bytes], const uint8_t x[kScalarBytes],
                    const uint8_t y[kScalarBytes], const uint8_t sec[kG1Bytes]) {
  return kernel().client_pass2(v, x, y, sec);
}

Status verifier_init(Verifier* verifier, const uint8_t server_secret[kG2Bytes]) {
  return kernel().verifier_init(verifier, server_secret);
}

void verifier_wipe(Verifier* verifier) {
  secret_wipe(verifier, sizeof *verifier);
}

void verify_batch(const Verifier& verifier, const uint8_t* records, size_t n, int8_t* statuses,
                  double wrong) {
  kernel().verify_batch(verifier, records, n, statuses, wrong);
}

Status verify(const Verifier& verifier, const uint8_t record[kRecordBytes]) {
  int8_t status;
  kernel().verify_batch(verifier, record, 1, &status, 0);
  return static_cast<Status>(status);
}

bool pin_error(const Verifier& verifier, const uint8_t record[kRecordBytes], int32_t* error) {
  return kernel().pin_error(verifier, record, error);
}

const char* kernel_name() {
  return kernel().name;
}

const char* kernel_error() {
  return selection().error;
}

bool self_test() {
  return selection().error == nullptr && self_test_known_answers(kernel());
}

}  // namespace mpin
