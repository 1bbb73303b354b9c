// The public surface of the core: M-Pin on the curve BN254CX, all three sides (client, server,
// trusted authority). Bytes in, status out: nothing here allocates, throws or knows of Node.
//
// Encodings, all big-endian:
//   scalar  32 bytes
//   G1      04 | x | y            65 bytes, coordinates < p, never infinity
//   G2      xa | xb | ya | yb    128 bytes, x = xa + i·xb, in the subgroup of order r
// Outputs come first and may not overlap inputs. On any status but ok the outputs are all zero.
// Functions without the suffix _vartime in their implementation run in a time that does not depend
// on secrets (master, pin, x, token, client secret); the validity of an input is not a secret.
// All functions are thread-safe: there is no mutable state besides the Verifier during its init.
#ifndef MPIN_CORE_MPIN_H_
#define MPIN_CORE_MPIN_H_

#include <cstddef>
#include <cstdint>

#include "status.h"

namespace mpin {

inline constexpr size_t kScalarBytes = 32;
inline constexpr size_t kHashBytes = 32;
inline constexpr size_t kG1Bytes = 65;
inline constexpr size_t kG2Bytes = 128;
inline constexpr size_t kRecordBytes = 264;
inline constexpr uint32_t kPinCount = 10000;    // PINs are 0 … kPinCount - 1.
inline constexpr uint8_t kRecordMalformed = 1;  // VerifyRecord::flags, bit 0.

// One login to check. Plain bytes without padding: it is built in JavaScript.
struct VerifyRecord {
  uint8_t hash_mpin_id[kHashBytes];  // SHA-256 of the M-Pin identity.
  uint8_t date[4];                   // u32; 0 = without time permit.
  uint8_t flags;                     // kRecordMalformed: a length was wrong, answer invalid_point.
  uint8_t u[kG1Bytes];               // Checked to be a point always, used when date is 0.
  uint8_t ut[kG1Bytes];              // Used when date is not 0, ignored otherwise.
  uint8_t v[kG1Bytes];
  uint8_t y[kScalarBytes];  // The server's challenge, taken mod r.
};
static_assert(sizeof(VerifyRecord) == kRecordBytes && alignof(VerifyRecord) == 1);
static_assert(offsetof(VerifyRecord, date) == 32 && offsetof(VerifyRecord, flags) == 36);
static_assert(offsetof(VerifyRecord, u) == 37 && offsetof(VerifyRecord, ut) == 102);
static_assert(offsetof(VerifyRecord, v) == 167 && offsetof(VerifyRecord, y) == 232);

// --- Hashing and randomness ---------------------------------------------------------------------

// hash_id: SHA-256 of an identity of any length.
void hash_id(uint8_t out[kHashBytes], const uint8_t* id, size_t len);

// random_scalar: uniform in [1, r), from the operating system. bad_parameter when it has none.
Status random_scalar(uint8_t out[kScalarBytes]);

// --- Trusted authority --------------------------------------------------------------------------
// master must be in [1, r), otherwise bad_parameter.

// server_secret_share: s·Q.
Status server_secret_share(uint8_t out[kG2Bytes], const uint8_t master[kScalarBytes]);

// client_secret_shares: s·map(hash) for n hashes; out holds n·65 bytes, hashes n·32.
Status client_secret_shares(uint8_t* out, const uint8_t master[kScalarBytes], const uint8_t* hashes,
                            size_t n);

// time_permit_shares: s·map(SHA-256(date | hash)) for n dates of one identity; a date of 0 is a
// bad_parameter.
Status time_permit_shares(uint8_t* out, const uint8_t master[kScalarBytes],
                          const uint8_t hash[kHashBytes], const uint32_t* dates, size_t n);

// --- Sums of shares -----------------------------------------------------------------------------

Status add_g1(uint8_t out[kG1Bytes], const uint8_t a[kG1Bytes], const uint8_t b[kG1Bytes]);
Status add_g2(uint8_t out[kG2Bytes], const uint8_t a[kG2Bytes], const uint8_t b[kG2Bytes]);

// --- Client -------------------------------------------------------------------------------------

// extract_pin: token = client secret - pin·A. bad_parameter unless pin < kPinCount.
Status extract_pin(uint8_t token[kG1Bytes], const uint8_t hash[kHashBytes], uint32_t pin,
                   const uint8_t client_secret[kG1Bytes]);

// client_pass1: u = x·A; sec = token + pin·A; with a permit (date not 0) also ut = x·(A + T) and
// sec += permit. Without one, permit is ignored (may be null) and ut becomes zero bytes.
// bad_parameter unless x is in [1, r) and pin < kPinCount, or when a permit is missing.
Status client_pass1(uint8_t u[kG1Bytes], uint8_t ut[kG1Bytes], uint8_t sec[kG1Bytes],
                    const uint8_t hash[kHashBytes], uint32_t pin, const uint8_t token[kG1Bytes],
                    const uint8_t* permit, uint32_t date, const uint8_t x[kScalarBytes]);

// client_pass2: v = -(x + y)·sec. x in [1, r); y is taken mod r; x + y = 0 is a bad_parameter.
Status client_pass2(uint8_t v[kG1Bytes], const uint8_t x[kScalarBytes],
                    const uint8_t y[kScalarBytes], const uint8_t sec[kG1Bytes]);

// --- Server -------------------------------------------------------------------------------------

// Prepared state for one server secret: the line coefficients of Q and s·Q for the pairing. It is
// opaque and tied to the process that made it. It holds a secret: call verifier_wipe at the end.
inline constexpr size_t kVerifierBytes = 49152;
struct alignas(64) Verifier {
  uint8_t opaque[kVerifierBytes];
};

// verifier_init: invalid_point unless the secret is a finite point of the subgroup.
Status verifier_init(Verifier* verifier, const uint8_t server_secret[kG2Bytes]);
void verifier_wipe(Verifier* verifier);

// verify_batch: statuses[i] becomes ok, bad_pin or invalid_point for the i-th of n records. wrong
// is the rate of wrong PINs to expect, 0 … 1, as seen in the last batches: it decides how many
// logins are checked at once, and so only the time that wrong ones cost the others, never a status.
void verify_batch(const Verifier& verifier, const uint8_t* records, size_t n, int8_t* statuses,
                  double wrong = 0);

// verify: verify_batch for one record.
Status verify(const Verifier& verifier, const uint8_t record[kRecordBytes]);

// pin_error: *error = entered minus true PIN, exact within ±(kPinCount - 1). False when the record
// has an invalid point or its proof is wrong in another way than by its PIN.
[[nodiscard]] bool pin_error(const Verifier& verifier, const uint8_t record[kRecordBytes],
                             int32_t* error);

// --- The kernel in use --------------------------------------------------------------------------

// kernel_name: "portable", "adx" or "ifma", chosen once by the CPU or by MPIN_KERNEL.
const char* kernel_name();

// kernel_error: null, or why MPIN_KERNEL cannot be obeyed. The caller must refuse to go on then.
const char* kernel_error();

// self_test: known answers through every function above; false also if kernel_error() is not null.
[[nodiscard]] bool self_test();

}  // namespace mpin

#endif  // MPIN_CORE_MPIN_H_
