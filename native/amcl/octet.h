// AMCL's headers, which know nothing of C++, and its octets: bytes that lie elsewhere.
#ifndef MPIN_AMCL_OCTET_H_
#define MPIN_AMCL_OCTET_H_

// The C library's headers first: AMCL's include them, and they must not end up inside extern "C".
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Its integer types are macros, and they are right only where this one says that they may be.
#define C99
extern "C" {
#include <amcl/mpin_BN254CX.h>
}
#undef C99
// They are as good as names of anybody's.
#undef byte
#undef uchar
#undef chunk
#undef dchunk
#undef NOT
#undef BN
#undef BLS
#undef OS

#include "mpin.h"
#include "sha256.h"

namespace mpin::amcl {

// octet_of: `size` bytes as an octet. AMCL takes inputs as it takes outputs, but writes only to
// those that its documents call so.
inline octet octet_of(const uint8_t* bytes, size_t size) {
  const int length = static_cast<int>(size);
  return {length, length, const_cast<char*>(reinterpret_cast<const char*>(bytes))};
}

// map: the point of a hash.
inline void map(ECP_BN254CX* point, const uint8_t hash[kHashBytes]) {
  octet bytes = octet_of(hash, kHashBytes);
  ECP_BN254CX_mapit(point, &bytes);
}

// hash_permit: SHA-256(date | hash), whose point the permit of a day is made of. Not by AMCL, which
// takes the date as a signed number and hashes none from 2^31 on.
inline void hash_permit(uint8_t out[kHashBytes], uint32_t date, const uint8_t hash[kHashBytes]) {
  const uint8_t prefix[4] = {static_cast<uint8_t>(date >> 24), static_cast<uint8_t>(date >> 16),
                             static_cast<uint8_t>(date >> 8), static_cast<uint8_t>(date)};
  Sha256 sha;
  sha.update(prefix, sizeof prefix);
  sha.update(hash, kHashBytes);
  sha.final(out);
}

// write_g1: the 65 bytes of a point; invalid_point when it is infinite, for which AMCL would write
// whatever lies on its stack.
inline Status write_g1(uint8_t out[kG1Bytes], ECP_BN254CX* point) {
  if (ECP_BN254CX_isinf(point)) return Status::invalid_point;
  octet bytes = octet_of(out, kG1Bytes);
  ECP_BN254CX_toOctet(&bytes, point, false);
  return Status::ok;
}

}  // namespace mpin::amcl

#endif  // MPIN_AMCL_OCTET_H_
