// The table of a kernel whose every part runs on one scalar base field F.
#ifndef MPIN_CORE_SCALAR_KERNEL_H_
#define MPIN_CORE_SCALAR_KERNEL_H_

#include "authority.h"
#include "batch.h"
#include "client.h"
#include "kernel.h"

namespace mpin {

template <class F>
constexpr Kernel scalar_kernel(const char* name) {
  return {name,
          AuthorityT<F>::server_secret_share,
          AuthorityT<F>::client_secret_shares,
          AuthorityT<F>::time_permit_shares,
          AuthorityT<F>::add_g1,
          AuthorityT<F>::add_g2,
          ClientT<F>::extract_pin,
          ClientT<F>::client_pass1,
          ClientT<F>::client_pass2,
          ServerT<F>::verifier_init,
          BatchT<F>::verify_batch,
          ServerT<F>::pin_error};
}

}  // namespace mpin

#endif  // MPIN_CORE_SCALAR_KERNEL_H_
