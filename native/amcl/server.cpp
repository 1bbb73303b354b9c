#include "amcl.h"

#include <cstring>

#include "gate.h"
#include "pin_error.h"

namespace mpin::amcl {
namespace {

constexpr size_t kFp12Bytes = 12 * 32;

// What AMCL says of a wrong PIN: E = F^-error.
struct Difference {
  uint8_t e[kFp12Bytes], f[kFp12Bytes];
};

// check: the status of one record; fills `difference` on bad_pin, unless it is null.
Status check(const Verifier& verifier, const VerifyRecord& record, Difference* difference) {
  ECP_BN254CX a, t, unused;
  uint8_t hid[kG1Bytes], htid[kG1Bytes], y_bytes[kScalarBytes], permit[kHashBytes];
  uint64_t y[4];
  const uint32_t date = static_cast<uint32_t>(record.date[0]) << 24 |
                        static_cast<uint32_t>(record.date[1]) << 16 |
                        static_cast<uint32_t>(record.date[2]) << 8 | record.date[3];
  if (record.flags & kRecordMalformed) return Status::invalid_point;
  if (!read_g1(&unused, record.u) || !read_g1(&unused, record.v)) return Status::invalid_point;
  if (date != 0 && !read_g1(&unused, record.ut)) return Status::invalid_point;
  fr_from_bytes_reduced<Fp>(y, record.y);
  limbs_to_bytes(y_bytes, y);

  map(&a, record.hash_mpin_id);
  if (write_g1(hid, &a) != Status::ok) return Status::bad_pin;
  if (date != 0) {
    hash_permit(permit, date, record.hash_mpin_id);
    map(&t, permit);
    ECP_BN254CX_add(&t, &a);
    if (write_g1(htid, &t) != Status::ok) return Status::bad_pin;
  }
  octet hids = octet_of(hid, kG1Bytes), htids = octet_of(htid, kG1Bytes);
  octet ys = octet_of(y_bytes, kScalarBytes), secret = octet_of(verifier.opaque, kG2Bytes);
  octet u = octet_of(record.u, kG1Bytes), ut = octet_of(record.ut, kG1Bytes);
  octet v = octet_of(record.v, kG1Bytes), e = {0, 0, nullptr}, f = {0, 0, nullptr};
  if (difference != nullptr) {
    e = octet_of(difference->e, kFp12Bytes);
    f = octet_of(difference->f, kFp12Bytes);
  }
  // Of the date AMCL wants to know here only whether there is one.
  const int status = MPIN_BN254CX_SERVER_2(date != 0, &hids, &htids, &ys, &secret, &u, &ut, &v,
                                           difference != nullptr ? &e : nullptr,
                                           difference != nullptr ? &f : nullptr, nullptr);
  return static_cast<Status>(status);
}

// read_fp12: AMCL's a + b·w + c·w², each of a, b, c being x + y·w³ over Fp2, as the core's
// (w^0, w^2, w^4) + (w^1, w^3, w^5): the same w, as w^6 = 1 + i in both.
void read_fp12(Fp12T<Fp>& r, const uint8_t bytes[kFp12Bytes]) {
  Fp2T<Fp>* const places[6] = {&r.c0.c0, &r.c1.c1, &r.c1.c0, &r.c0.c2, &r.c0.c1, &r.c1.c2};
  for (size_t i = 0; i < 6; i++) {
    Fp::from_bytes_reduced(places[i]->c0, bytes + 64 * i);
    Fp::from_bytes_reduced(places[i]->c1, bytes + 64 * i + 32);
  }
}

}  // namespace

Status verifier_init(Verifier* verifier, const uint8_t* server_secret) {
  Secret<ECP2_BN254CX> point;
  std::memset(verifier->opaque, 0, sizeof verifier->opaque);
  if (!read_g2(&*point, server_secret)) return Status::invalid_point;
  std::memcpy(verifier->opaque, server_secret, kG2Bytes);
  return Status::ok;
}

void verify_batch(const Verifier& verifier, const uint8_t* records, size_t n, int8_t* statuses,
                  double /*wrong*/) {
  for (size_t i = 0; i < n; i++) {
    VerifyRecord record;
    std::memcpy(&record, records + i * kRecordBytes, sizeof record);
    statuses[i] = static_cast<int8_t>(check(verifier, record, nullptr));
  }
}

// pin_error: AMCL's E and F, and the core's table instead of AMCL's kangaroos, which miss some.
bool pin_error(const Verifier& verifier, const uint8_t* bytes, int32_t* error) {
  VerifyRecord record;
  Difference difference = {};
  Fp12T<Fp> e, f;
  std::memcpy(&record, bytes, sizeof record);
  *error = 0;
  const Status status = check(verifier, record, &difference);
  if (status != Status::bad_pin) return status == Status::ok;
  read_fp12(e, difference.e);
  read_fp12(f, difference.f);
  Fp12T<Fp>::conj(e, e);
  return PinErrorT<Fp>::log_vartime(error, e, f);
}

}  // namespace mpin::amcl
