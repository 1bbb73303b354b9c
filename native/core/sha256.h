// SHA-256 (FIPS 180-4), one-shot and in pieces.
#ifndef MPIN_CORE_SHA256_H_
#define MPIN_CORE_SHA256_H_

#include <cstddef>
#include <cstdint>

namespace mpin {

class Sha256 {
 public:
  Sha256();
  void update(const uint8_t* data, size_t len);
  void final(uint8_t out[32]);

 private:
  uint32_t state_[8];
  uint8_t block_[64];
  uint64_t length_;  // Bytes so far.
};

}  // namespace mpin

#endif  // MPIN_CORE_SHA256_H_
