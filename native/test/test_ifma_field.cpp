// The field of the IFMA kernel against the portable one, eight different values at a time.
#include <cstring>
#include <type_traits>

#include "engine_portable.h"
#include "fp12.h"
#include "ifma_test.h"
#include "lanes_ifma.h"

namespace {

using F = mpin::FieldT<mpin::params::ModulusP, mpin::PortableEngine>;
using mpin::FpX8;
namespace ifma = mpin::ifma;

// Eight elements in both representations.
struct Both {
  F scalar[8];
  FpX8 lanes;
};

void hostile_element(F& r) {
  uint64_t words[4];
  switch (mpin_test::random_word() % 8) {
    case 0:
      F::set_zero(r);
      return;
    case 1:
      F::set_one(r);
      return;
    case 2: {
      F one;
      F::set_one(one);
      F::neg(r, one);
      return;
    }
    case 3:  // p - 1 and small values of the representation itself.
      for (int i = 0; i < 4; i++)
        r.l[i] = mpin::params::ModulusP::kModulus[i];
      r.l[0] -= 1 + mpin_test::random_word() % 2;
      return;
    case 4:
      F::set_zero(r);
      r.l[mpin_test::random_word() % 4] = mpin_test::random_word() % 3;
      return;
    default:
      mpin_test::hostile_words(words, 4);
      F::from_integer(r, words);
      if (mpin_test::random_word() & 1) {
        // The same bits as a representation.
        for (int i = 0; i < 4; i++)
          r.l[i] = words[i];
        r.l[3] &= 0x1fffffffffffffff;
      }
  }
}

// add_multiple: the same elements as larger numbers, p added up to max times.
void add_multiples(FpX8& r, int max) {
  for (int lane = 0; lane < 8; lane++) {
    uint64_t l[5];
    FpX8::get_lane(l, r, lane);
    const uint64_t times = mpin_test::random_word() % static_cast<uint64_t>(max + 1);
    uint64_t carry = 0;
    for (int i = 0; i < 5; i++) {
      const mpin::uint128_t t = static_cast<mpin::uint128_t>(ifma::kP.l[i]) * times + l[i] + carry;
      l[i] = static_cast<uint64_t>(t) & ifma::kLimbMask;
      carry = static_cast<uint64_t>(t >> 52);
    }
    FpX8::set_lane(r, lane, l);
  }
  MPIN_BOUND(r.bound += max);
}

void make(Both& r, int multiples) {
  const uint64_t* words[8];
  for (int i = 0; i < 8; i++) {
    hostile_element(r.scalar[i]);
    words[i] = r.scalar[i].l;
  }
  ifma::from_scalar(r.lanes, words);
  FpX8::canonical(r.lanes, r.lanes);
  add_multiples(r.lanes, multiples);
}

bool same(const FpX8& lanes, const F scalar[8]) {
  uint64_t words[32];
  ifma::to_scalar(words, lanes);
  return std::memcmp(words, scalar, sizeof words) == 0;
}

template <class Op>
bool agrees(Op op, int multiples_a, int multiples_b) {
  Both a, b;
  make(a, multiples_a);
  make(b, multiples_b);
  F expected[8];
  FpX8 r;
  for (int i = 0; i < 8; i++)
    op(expected[i], a.scalar[i], b.scalar[i]);
  op(r, a.lanes, b.lanes);
  if (!same(r, expected)) return false;
  op(a.lanes, a.lanes, b.lanes);  // Aliases.
  if (!same(a.lanes, expected)) return false;
  for (int i = 0; i < 8; i++)
    op(expected[i], b.scalar[i], b.scalar[i]);
  op(b.lanes, b.lanes, b.lanes);
  return same(b.lanes, expected);
}

#define OP(name)                                    \
  [](auto& r, const auto& a, const auto& b) {       \
    using T = std::remove_reference_t<decltype(r)>; \
    (void)b;                                        \
    name;                                           \
  }

IFMA_TEST("the IFMA field agrees with the portable one on hostile and unreduced values") {
  for (int i = 0; i < mpin_test::iterations(20000); i++) {
    CHECK(agrees(OP(T::add(r, a, b)), 1, 1));
    CHECK(agrees(OP(T::sub(r, a, b)), 1, 1));
    CHECK(agrees(OP(T::dbl(r, a)), 1, 1));
    CHECK(agrees(OP(T::neg(r, a)), 1, 1));
    CHECK(agrees(OP(T::mul(r, a, b)), 7, 7));
    CHECK(agrees(OP(T::sqr(r, a)), 7, 7));
    CHECK(agrees(OP(T s; T::add_lazy(s, a, b); T::mul(r, s, b)), 1, 1));
  }
}

IFMA_TEST("sums of wide products in IFMA lanes reduce to the same element") {
  for (int i = 0; i < mpin_test::iterations(20000); i++) {
    CHECK(agrees(OP(typename T::Wide s; typename T::Wide t; T::mul_wide(s, a, b); T::sqr_wide(t, b);
                    T::wide_sub(s, s, t); T::wide_sub(s, s, t); T::redc(r, s)),
                 1, 1));
    CHECK(agrees(OP(typename T::Wide s; T::mul_wide(s, a, b); T::wide_add(s, s, s); T::redc(r, s)),
                 1, 1));
    CHECK(agrees(OP(typename T::Wide s; typename T::Wide t; T::sqr_wide(s, a); T::mul_wide(t, a, b);
                    for (int k = 0; k < 20; k++) T::wide_add(s, s, t); T::redc(r, s)),
                 1, 1));
    CHECK(agrees(OP(typename T::Wide s; typename T::Wide t; T::sqr_wide(s, a); T::mul_wide(t, a, b);
                    for (int k = 0; k < 20; k++) T::wide_sub(s, s, t); T::redc(r, s)),
                 1, 1));
  }
}

IFMA_TEST("IFMA lanes compare by value, not by representation") {
  for (int i = 0; i < mpin_test::iterations(20000); i++) {
    Both a, b;
    make(a, 1);
    b = a;
    int expected = 0, zero = 0;
    FpX8::canonical(b.lanes, b.lanes);
    add_multiples(b.lanes, 1);
    for (int lane = 0; lane < 8; lane++) {
      if (mpin_test::random_word() & 1) {
        F other;
        hostile_element(other);
        b.scalar[lane] = other;
      }
      const uint64_t* words[8];
      for (int k = 0; k < 8; k++)
        words[k] = b.scalar[k].l;
      ifma::from_scalar(b.lanes, words);
      FpX8::canonical(b.lanes, b.lanes);
      add_multiples(b.lanes, 1);
    }
    for (int lane = 0; lane < 8; lane++) {
      expected |= F::equal(a.scalar[lane], b.scalar[lane]) ? 1 << lane : 0;
      zero |= F::is_zero(a.scalar[lane]) ? 1 << lane : 0;
    }
    CHECK(FpX8::equal(a.lanes, b.lanes).bits == expected);
    CHECK(FpX8::is_zero(a.lanes).bits == zero);
    FpX8 picked;
    const int mask = static_cast<int>(mpin_test::random_word() & 0xff);
    FpX8::select(picked, FpX8::Mask::make(mask), a.lanes, b.lanes);
    F wanted[8];
    for (int lane = 0; lane < 8; lane++)
      wanted[lane] = mask >> lane & 1 ? a.scalar[lane] : b.scalar[lane];
    CHECK(same(picked, wanted));
  }
}

IFMA_TEST("bytes go into IFMA lanes as integers mod p, and those not below p are told") {
  for (int i = 0; i < mpin_test::iterations(20000); i++) {
    uint8_t bytes[8][32];
    const uint8_t* in[8];
    F expected[8];
    int valid = 0;
    for (int lane = 0; lane < 8; lane++) {
      uint64_t words[4];
      mpin_test::hostile_words(words, 4);
      if (mpin_test::random_word() % 4 == 0) {
        for (int k = 0; k < 4; k++)
          words[k] = mpin::params::ModulusP::kModulus[k];
        words[0] += mpin_test::random_word() % 3 - 1;
      }
      mpin::limbs_to_bytes(bytes[lane], words);
      in[lane] = bytes[lane];
      valid |= F::from_bytes(expected[lane], in[lane]) ? 1 << lane : 0;
    }
    FpX8 lanes, integer;
    CHECK(ifma::from_bytes(lanes, in).bits == valid);
    CHECK(same(lanes, expected));
    ifma::to_integer(integer, lanes);
    for (int lane = 0; lane < 8; lane++) {
      uint64_t words[4], l[5];
      F::to_integer(words, expected[lane]);
      FpX8::get_lane(l, integer, lane);
      const ifma::Limbs52 wanted = ifma::limbs52(words);
      CHECK(std::memcmp(l, wanted.l, sizeof l) == 0);
    }
  }
}

}  // namespace
