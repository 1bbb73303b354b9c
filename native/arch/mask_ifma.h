// One bit for each of eight lanes.
#ifndef MPIN_ARCH_MASK_IFMA_H_
#define MPIN_ARCH_MASK_IFMA_H_

#include <immintrin.h>

#include "base.h"

namespace mpin::ifma {

struct Mask {
  __mmask8 bits;

  MPIN_MEMBER_INLINE Mask make(int bits) { return Mask{static_cast<__mmask8>(bits)}; }
};

MPIN_INLINE Mask operator&(Mask a, Mask b) {
  return Mask::make(a.bits & b.bits);
}
MPIN_INLINE Mask operator|(Mask a, Mask b) {
  return Mask::make(a.bits | b.bits);
}
MPIN_INLINE Mask operator^(Mask a, Mask b) {
  return Mask::make(a.bits ^ b.bits);
}
MPIN_INLINE Mask operator~(Mask a) {
  return Mask::make(~a.bits);
}
MPIN_INLINE Mask& operator&=(Mask& a, Mask b) {
  return a = a & b;
}
MPIN_INLINE Mask& operator|=(Mask& a, Mask b) {
  return a = a | b;
}

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_MASK_IFMA_H_
