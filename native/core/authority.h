// The trusted authority's side, and sums of shares. Constant-time in the master secret and in
// secret points; shaped for batches: the digits of the master secret are computed once.
#ifndef MPIN_CORE_AUTHORITY_H_
#define MPIN_CORE_AUTHORITY_H_

#include "fr.h"
#include "g2.h"
#include "hash_to_g1.h"
#include "mpin.h"

namespace mpin {

template <class F>
struct AuthorityT {
  using G1 = G1T<F>;
  using G2 = G2T<F>;
  using Hash = HashToG1T<F>;

  static Status server_secret_share(uint8_t* out, const uint8_t* master) {
    Secret<uint64_t[4]> k;
    std::memset(out, 0, kG2Bytes);
    if (!declassify(fr_from_bytes(*k, master))) return Status::bad_parameter;
    typename G2::Affine q;
    G2::generator(q);
    Secret<typename G2::Projective> share;
    G2::mul(*share, q, *k);
    Secret<typename G2::Affine> affine;
    G2::to_affine(*affine, *share);
    G2::encode(out, *affine);
    return Status::ok;
  }

  // shares: k·point(i) for i < n, in groups that share one inversion.
  template <class Point>
  static Status shares(uint8_t* out, const uint8_t* master, size_t n, Point point) {
    Secret<uint64_t[4]> k;
    std::memset(out, 0, n * kG1Bytes);
    if (!declassify(fr_from_bytes(*k, master))) return Status::bad_parameter;
    Secret<typename G1::Digits> digits;
    G1::digits(&*digits, *k);
    Secret<typename G1::Projective[G1::kEncodeMax]> group;
    for (size_t done = 0; done < n; done += G1::kEncodeMax) {
      const size_t count = n - done < G1::kEncodeMax ? n - done : G1::kEncodeMax;
      for (size_t i = 0; i < count; i++) {
        typename G1::Affine a;
        point(a, done + i);
        G1::mul((*group)[i], a, *digits);
      }
      G1::encode_many(out + done * kG1Bytes, *group, count);
    }
    return Status::ok;
  }

  static Status client_secret_shares(uint8_t* out, const uint8_t* master, const uint8_t* hashes,
                                     size_t n) {
    return shares(out, master, n, [hashes](typename G1::Affine& a, size_t i) {
      Hash::map_vartime(a, hashes + i * kHashBytes);
    });
  }

  static Status time_permit_shares(uint8_t* out, const uint8_t* master, const uint8_t* hash,
                                   const uint32_t* dates, size_t n) {
    for (size_t i = 0; i < n; i++) {
      if (dates[i] == 0) {
        std::memset(out, 0, n * kG1Bytes);
        return Status::bad_parameter;
      }
    }
    return shares(out, master, n, [hash, dates](typename G1::Affine& a, size_t i) {
      Hash::map_permit_vartime(a, dates[i], hash);
    });
  }

  static Status add_g1(uint8_t* out, const uint8_t* a, const uint8_t* b) {
    Secret<typename G1::Affine> p, q;
    std::memset(out, 0, kG1Bytes);
    if (!G1::decode(*p, a) || !G1::decode(*q, b)) return Status::invalid_point;
    Secret<typename G1::Projective> s, t;
    G1::from_affine(*s, *p);
    G1::from_affine(*t, *q);
    G1::add(*s, *s, *t);
    if (declassify(G1::is_infinity(*s))) return Status::invalid_point;
    G1::encode_many(out, &*s, 1);
    return Status::ok;
  }

  static Status add_g2(uint8_t* out, const uint8_t* a, const uint8_t* b) {
    Secret<typename G2::Affine> p, q;
    std::memset(out, 0, kG2Bytes);
    if (!G2::decode(*p, a) || !G2::decode(*q, b)) return Status::invalid_point;
    Secret<typename G2::Projective> s, t;
    G2::from_affine(*s, *p);
    G2::from_affine(*t, *q);
    G2::add(*s, *s, *t);
    if (declassify(G2::is_infinity(*s))) return Status::invalid_point;
    G2::to_affine(*p, *s);
    G2::encode(out, *p);
    return Status::ok;
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_AUTHORITY_H_
