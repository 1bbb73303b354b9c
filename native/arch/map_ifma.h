// The mapping of core/hash_to_g1.h for many hashes at once. First every hash gets its x: half of
// all candidates fail, so lanes are filled from a queue, a lane that is done takes the next hash,
// and no lane waits for the unluckiest of its neighbours. Then the square roots are taken, without
// a try too many.
#ifndef MPIN_ARCH_MAP_IFMA_H_
#define MPIN_ARCH_MAP_IFMA_H_

#include "affine_ifma.h"
#include "jacobi_ifma.h"
#include "power.h"

namespace mpin::ifma {

// Two vectors that take the same steps. A power is one long chain of dependent products; with two
// chains the multiplier does not wait for the end of each product.
struct FpX16 {
  using Mask = FpX8::Mask;
  FpX8 half[2];
  using Modulus = FpX8::Modulus;

  MPIN_MEMBER_INLINE void mul(FpX16& r, const FpX16& a, const FpX16& b) {
    FpX8::mul(r.half[0], a.half[0], b.half[0]);
    FpX8::mul(r.half[1], a.half[1], b.half[1]);
  }
  MPIN_MEMBER_INLINE void sqr(FpX16& r, const FpX16& a) {
    FpX8::sqr(r.half[0], a.half[0]);
    FpX8::sqr(r.half[1], a.half[1]);
  }
};

struct Map8 {
  static constexpr size_t kLanes = 16;
  static constexpr size_t kIdle = ~size_t{0};

  // A hash and where its point goes: lane slot % 8 of points[slot / 8].
  struct Item {
    uint8_t hash[32];
    size_t slot;
  };

  struct State {
    const Item* items;
    size_t count, next, active;
    FpX8 upcoming;  // The candidates of items next - next % 8 and on.
    FpX16 x;
    size_t slot[kLanes];
  };

  // fill: gives the lane the next hash; an idle lane goes on with what it had.
  static void fill(State& s, size_t lane) {
    if (s.next == s.count) {
      s.slot[lane] = kIdle;
      s.active--;
      return;
    }
    if (s.next % 8 == 0) {
      const uint8_t* in[8];
      for (size_t i = 0; i < 8; i++)
        in[i] = s.items[s.next + i < s.count ? s.next + i : s.next].hash;
      from_bytes(s.upcoming, in);
    }
    copy_lane(s.x.half[lane / 8], static_cast<int>(lane % 8), s.upcoming,
              static_cast<int>(s.next % 8));
    s.slot[lane] = s.items[s.next++].slot;
  }

  // make_even: the root that is even as an integer. p is odd, so exactly one of the two is.
  MPIN_MEMBER_INLINE void make_even(FpX8& y) {
    FpX8 integer, minus;
    to_integer(integer, y);
    FpX8::neg(minus, y);
    const FpX8::Mask odd{_mm512_test_epi64_mask(integer.l[0], FpX8::word(1))};
    FpX8::select(y, odd, minus, y);
  }

  // curve_equation: x³ + 2, of which the root is y.
  MPIN_MEMBER_INLINE void curve_equation(FpX16& r, const FpX16& x) {
    FpX16::sqr(r, x);
    FpX16::mul(r, r, x);
    for (FpX8& half : r.half)
      CurveG1T<FpX8>::add_b(half);
  }

  // has_root: which lanes hold squares. A lane that the Jacobi symbol leaves open is told by a
  // root.
  static void has_root(FpX8::Mask square[2], const FpX16& a, int rounds) {
    FpX8::Mask known[2];
    Jacobi16::are_squares_vartime(square, known, a.half, rounds);
    if ((known[0] & known[1]).bits == 0xff) return;
    FpX16 root;
    PowerT<FpX16>::pow(root, a, FpX8::Modulus::kSqrtExponent);
    FpX16::sqr(root, root);
    for (int h = 0; h < 2; h++)
      square[h] = FpX8::equal(root.half[h], a.half[h]);
  }

  // try_candidates: a lane with a good x hands it to points and is filled again, the others go on.
  static void try_candidates(State& s, Point8* points, int rounds) {
    FpX16 square;
    FpX8::Mask found[2];
    curve_equation(square, s.x);
    has_root(found, square, rounds);
    for (size_t h = 0; h < 2; h++) {
      const FpX8 x = s.x.half[h];
      FpX8 one;
      FpX8::set_one(one);
      FpX8::add(s.x.half[h], x, one);
      for (size_t i = 0; i < 8; i++) {
        const size_t slot = s.slot[8 * h + i];
        if (slot == kIdle || !(found[h].bits >> i & 1)) continue;
        copy_lane(points[slot / 8].x, static_cast<int>(slot % 8), x, static_cast<int>(i));
        fill(s, 8 * h + i);
      }
    }
  }

  // take_roots: y of up to sixteen items whose x are found.
  static void take_roots(Point8* points, const Item* items, size_t count) {
    FpX16 x, y;
    for (FpX8& half : x.half)
      FpX8::set_one(half);
    for (size_t i = 0; i < count; i++)
      copy_lane(x.half[i / 8], static_cast<int>(i % 8), points[items[i].slot / 8].x,
                static_cast<int>(items[i].slot % 8));
    curve_equation(y, x);
    PowerT<FpX16>::pow(y, y, FpX8::Modulus::kSqrtExponent);
    for (FpX8& half : y.half)
      make_even(half);
    for (size_t i = 0; i < count; i++) {
      Point8& point = points[items[i].slot / 8];
      const int lane = static_cast<int>(items[i].slot % 8);
      copy_lane(point.y, lane, y.half[i / 8], static_cast<int>(i % 8));
      point.infinite.bits &= static_cast<__mmask8>(~(1u << lane));
    }
  }

  // map_many_vartime: sets the lanes of the items and leaves all others as they are. rounds is for
  // tests.
  MPIN_NOINLINE static void map_many_vartime(Point8* points, const Item* items, size_t count,
                                             int rounds = Jacobi16::kRounds) {
    State s;
    s.items = items;
    s.count = count;
    s.next = 0;
    s.active = kLanes;
    for (FpX8& half : s.x.half)
      FpX8::set_one(half);
    for (size_t lane = 0; lane < kLanes; lane++)
      fill(s, lane);
    while (s.active > 0)
      try_candidates(s, points, rounds);
    for (size_t i = 0; i < count; i += kLanes)
      take_roots(points, items + i, count - i < kLanes ? count - i : kLanes);
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_MAP_IFMA_H_
