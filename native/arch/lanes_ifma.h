// Between bytes, the scalar kernels' Montgomery form (R = 2^256) and eight lanes.
#ifndef MPIN_ARCH_LANES_IFMA_H_
#define MPIN_ARCH_LANES_IFMA_H_

#include <cstring>

#include "field_ifma.h"

namespace mpin::ifma {

using V = FpX8::V;

// words_to_limbs: four words of 64 bits a lane, w[i] holding word i of all lanes, as limbs.
MPIN_INLINE void words_to_limbs(FpX8& r, const V w[4]) {
  const V mask = FpX8::word(kLimbMask);
  r.l[0] = _mm512_and_si512(w[0], mask);
  r.l[1] = _mm512_or_si512(_mm512_srli_epi64(w[0], 52), _mm512_slli_epi64(w[1], 12));
  r.l[2] = _mm512_or_si512(_mm512_srli_epi64(w[1], 40), _mm512_slli_epi64(w[2], 24));
  r.l[3] = _mm512_or_si512(_mm512_srli_epi64(w[2], 28), _mm512_slli_epi64(w[3], 36));
  r.l[1] = _mm512_and_si512(r.l[1], mask);
  r.l[2] = _mm512_and_si512(r.l[2], mask);
  r.l[3] = _mm512_and_si512(r.l[3], mask);
  r.l[4] = _mm512_srli_epi64(w[3], 16);
  MPIN_BOUND(FpX8::set_bound(r, 7.2));  // 2^256 < 7.2p
}

MPIN_INLINE void multiply_by(FpX8& r, const FpX8& a, const Limbs52& constant) {
  FpX8 factor;
  FpX8::broadcast(factor, constant.l);
  FpX8::mul(r, a, factor);
}

// from_bytes: eight numbers of 32 bytes, big-endian. The mask tells which are below p; the others
// are taken mod p.
MPIN_INLINE FpX8::Mask from_bytes(FpX8& r, const uint8_t* const in[8]) {
  alignas(64) uint64_t words[4][8];
  for (int lane = 0; lane < 8; lane++)
    for (int i = 0; i < 4; i++) {
      uint64_t word;
      std::memcpy(&word, in[lane] + 8 * (3 - i), 8);
      words[i][lane] = __builtin_bswap64(word);
    }
  V w[4];
  for (int i = 0; i < 4; i++)
    w[i] = _mm512_load_si512(words[i]);
  words_to_limbs(r, w);
  const FpX8::Mask valid = FpX8::less_p(r);
  multiply_by(r, r, kR2);
  return valid;
}

// to_integer: out of Montgomery form, in [0, p).
MPIN_INLINE void to_integer(FpX8& r, const FpX8& a) {
  FpX8 one;
  constexpr uint64_t integer_one[5] = {1, 0, 0, 0, 0};
  FpX8::broadcast(one, integer_one);
  FpX8::mul(r, a, one);
  FpX8::canonical(r, r);
}

// from_scalar: eight elements in the form of the scalar kernels, four words each.
MPIN_INLINE void from_scalar(FpX8& r, const uint64_t* const in[8]) {
  alignas(64) uint64_t words[4][8];
  for (int lane = 0; lane < 8; lane++)
    for (int i = 0; i < 4; i++)
      words[i][lane] = in[lane][i];
  V w[4];
  for (int i = 0; i < 4; i++)
    w[i] = _mm512_load_si512(words[i]);
  words_to_limbs(r, w);
  multiply_by(r, r, kFrom256);
}

// to_scalar: lane i goes to out + 4i, in the form of the scalar kernels.
MPIN_INLINE void to_scalar(uint64_t out[32], const FpX8& a) {
  FpX8 t;
  multiply_by(t, a, kTo256);
  FpX8::canonical(t, t);
  for (int lane = 0; lane < 8; lane++) {
    uint64_t l[5];
    FpX8::get_lane(l, t, lane);
    out[4 * lane] = l[0] | l[1] << 52;
    out[4 * lane + 1] = l[1] >> 12 | l[2] << 40;
    out[4 * lane + 2] = l[2] >> 24 | l[3] << 28;
    out[4 * lane + 3] = l[3] >> 36 | l[4] << 16;
  }
}

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_LANES_IFMA_H_
