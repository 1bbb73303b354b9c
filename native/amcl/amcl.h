// The protocol by AMCL (milagro-crypto-c), behind the core's own table. Built only where CMake has
// found that library; what it is given has passed the core's strict decoding before.
#ifndef MPIN_AMCL_AMCL_H_
#define MPIN_AMCL_AMCL_H_

#include "kernel.h"

namespace mpin {

extern const Kernel kAmclKernel;

namespace amcl {

Status server_secret_share(uint8_t* out, const uint8_t* master);
Status client_secret_shares(uint8_t* out, const uint8_t* master, const uint8_t* hashes, size_t n);
Status time_permit_shares(uint8_t* out, const uint8_t* master, const uint8_t* hash,
                          const uint32_t* dates, size_t n);
Status add_g1(uint8_t* out, const uint8_t* a, const uint8_t* b);
Status add_g2(uint8_t* out, const uint8_t* a, const uint8_t* b);

Status extract_pin(uint8_t* token, const uint8_t* hash, uint32_t pin, const uint8_t* client_secret);
Status client_pass1(uint8_t* u, uint8_t* ut, uint8_t* sec, const uint8_t* hash, uint32_t pin,
                    const uint8_t* token, const uint8_t* permit, uint32_t date, const uint8_t* x);
Status client_pass2(uint8_t* v, const uint8_t* x, const uint8_t* y, const uint8_t* sec);

// A Verifier holds the bytes of the server secret, as AMCL prepares nothing.
Status verifier_init(Verifier* verifier, const uint8_t* server_secret);
// verify_batch: one login after the other, as AMCL cannot check several at once.
void verify_batch(const Verifier& verifier, const uint8_t* records, size_t n, int8_t* statuses,
                  double wrong);
bool pin_error(const Verifier& verifier, const uint8_t* record, int32_t* error);

}  // namespace amcl
}  // namespace mpin

#endif  // MPIN_AMCL_AMCL_H_
