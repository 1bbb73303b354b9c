// Records of logins into lanes: points decoded and validated, identities mapped to the curve.
#ifndef MPIN_ARCH_DECODE_IFMA_H_
#define MPIN_ARCH_DECODE_IFMA_H_

#include "digits.h"
#include "fr.h"
#include "map_ifma.h"
#include "mpin.h"
#include "sha256.h"

namespace mpin::ifma {

inline constexpr size_t kBatchMax = 256;

inline constexpr size_t kBatchVectors = kBatchMax / 8;

// Logins as points; login i is lane i % 8 of the vectors i / 8. base is A + T, or A without permit.
// In lanes that are not to be checked, because invalid or not used, all points are infinite.
struct Logins {
  Point8 proof[kBatchVectors], commitment[kBatchVectors];
  Point8 base[2 * kBatchVectors];  // The second half holds the T while they are added.
  uint64_t y[kBatchMax][4];
  FpX8::Mask valid[kBatchVectors];
};

struct DecodeScratch {
  Map8::Item items[2 * kBatchMax];
  Addition jobs[kBatchVectors];
  FpX8 products[kBatchVectors];
};

// decode_points: the mask tells which are finite points in their only encoding, 04 | x | y.
MPIN_INLINE FpX8::Mask decode_points(Point8& r, const uint8_t* const in[8]) {
  const uint8_t *x[8], *y[8];
  int prefix = 0;
  for (int i = 0; i < 8; i++) {
    prefix |= (in[i][0] == 4 ? 1 : 0) << i;
    x[i] = in[i] + 1;
    y[i] = in[i] + 33;
  }
  FpX8::Mask valid = FpX8::Mask::make(prefix);
  valid &= from_bytes(r.x, x);
  valid &= from_bytes(r.y, y);
  valid &= CurveT<FpX8, CurveG1T<FpX8>>::on_curve({r.x, r.y});
  r.infinite = ~valid;
  return valid;
}

template <class S>
struct Decoder {
  static uint32_t date(const VerifyRecord& record) {
    return static_cast<uint32_t>(record.date[0]) << 24 |
           static_cast<uint32_t>(record.date[1]) << 16 |
           static_cast<uint32_t>(record.date[2]) << 8 | record.date[3];
  }

  // decode_vector: points of eight records, count of them real. The proof of an unused lane is the
  // first record's, to have something to read.
  static void decode_vector(Logins& r, size_t j, const VerifyRecord* records, size_t count) {
    const uint8_t *proof[8], *commitment[8], *other[8];
    int usable = 0;
    bool permits = false;
    for (size_t i = 0; i < 8; i++) {
      const VerifyRecord& record = records[i < count ? i : 0];
      if (i < count && !(record.flags & kRecordMalformed)) usable |= 1 << i;
      const bool permit = date(record) != 0;
      permits |= permit;
      proof[i] = record.v;
      commitment[i] = permit ? record.ut : record.u;
      other[i] = record.u;
    }
    FpX8::Mask valid = FpX8::Mask::make(usable);
    valid &= decode_points(r.proof[j], proof);
    valid &= decode_points(r.commitment[j], commitment);
    Point8 unused;
    if (permits) valid &= decode_points(unused, other);
    r.valid[j] = valid;
    r.proof[j].infinite = r.commitment[j].infinite = ~valid;
  }

  // add_items: the hashes of the valid logins of a vector to be mapped: A to base[j], T to its
  // place in the second half. The number of items is returned.
  static size_t add_items(Map8::Item* items, size_t n, FpX8::Mask valid, size_t j,
                          const VerifyRecord* records) {
    for (size_t i = 0; i < 8; i++) {
      if (!(valid.bits >> i & 1)) continue;
      std::memcpy(items[n].hash, records[i].hash_mpin_id, 32);
      items[n++].slot = 8 * j + i;
      if (date(records[i]) == 0) continue;
      Sha256 sha;
      sha.update(records[i].date, sizeof records[i].date);
      sha.update(records[i].hash_mpin_id, 32);
      sha.final(items[n].hash);
      items[n++].slot = 8 * (kBatchVectors + j) + i;
    }
    return n;
  }

  // decode_vartime: r from count <= kBatchMax records.
  MPIN_NOINLINE static void decode_vartime(Logins& r, DecodeScratch& s, const VerifyRecord* records,
                                           size_t count) {
    const size_t vectors = (count + 7) / 8;
    size_t items = 0;
    for (size_t j = 0; j < vectors; j++) {
      const VerifyRecord* eight = records + 8 * j;
      decode_vector(r, j, eight, count - 8 * j < 8 ? count - 8 * j : 8);
      set_infinite(r.base[j]);
      set_infinite(r.base[kBatchVectors + j]);
      items = add_items(s.items, items, r.valid[j], j, eight);
      s.jobs[j] = {&r.base[j], &r.base[kBatchVectors + j]};
    }
    for (size_t i = 0; i < count; i++)
      fr_from_bytes_reduced<S>(r.y[i], records[i].y);
    Map8::map_many_vartime(r.base, s.items, items);
    AffineRound<S>::run(s.jobs, vectors, s.products);
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_DECODE_IFMA_H_
