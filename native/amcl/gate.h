// The gate in front of AMCL, which trusts its input: it checks neither prefixes nor ranges nor the
// subgroup. Bytes that pass here mean to AMCL what they mean to the core.
#ifndef MPIN_AMCL_GATE_H_
#define MPIN_AMCL_GATE_H_

#include "engine_portable.h"
#include "fr.h"
#include "g1.h"
#include "g2.h"
#include "octet.h"
#include "secret.h"

namespace mpin::amcl {

using Fp = FieldT<params::ModulusP, PortableEngine>;

inline bool is_scalar(const uint8_t bytes[kScalarBytes]) {
  Secret<uint64_t[4]> k;
  return declassify(fr_from_bytes(*k, bytes));
}

// read_g1: false unless the bytes are an acceptable point.
inline bool read_g1(ECP_BN254CX* point, const uint8_t bytes[kG1Bytes]) {
  Secret<G1T<Fp>::Affine> decoded;
  if (!G1T<Fp>::decode(*decoded, bytes)) return false;
  octet input = octet_of(bytes, kG1Bytes);
  return ECP_BN254CX_fromOctet(point, &input) != 0;
}

inline bool read_g2(ECP2_BN254CX* point, const uint8_t bytes[kG2Bytes]) {
  Secret<G2T<Fp>::Affine> decoded;
  if (!G2T<Fp>::decode(*decoded, bytes)) return false;
  octet input = octet_of(bytes, kG2Bytes);
  return ECP2_BN254CX_fromOctet(point, &input) != 0;
}

}  // namespace mpin::amcl

#endif  // MPIN_AMCL_GATE_H_
