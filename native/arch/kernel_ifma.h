// What the IFMA kernel does itself. Everything that touches a secret besides the server's lines,
// and the PIN error, is the adx kernel's.
#ifndef MPIN_ARCH_KERNEL_IFMA_H_
#define MPIN_ARCH_KERNEL_IFMA_H_

#include "mpin.h"

namespace mpin {

// ifma_verifier_extend: adds what this kernel needs to a verifier that a scalar kernel has
// initialised, which it remains good for. Constant-time.
void ifma_verifier_extend(Verifier* verifier);

// ifma_verify_batch: wrong is the rate of wrong logins the caller expects, 0 … 1; it decides what
// is tried first and changes no status.
void ifma_verify_batch(const Verifier& verifier, const uint8_t* records, size_t n, int8_t* statuses,
                       double wrong);

}  // namespace mpin

#endif  // MPIN_ARCH_KERNEL_IFMA_H_
