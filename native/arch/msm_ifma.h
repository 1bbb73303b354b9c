// The two sums of a batch check, Σ rᵢVᵢ and Σ (rᵢUᵢ + (rᵢyᵢ)Bᵢ), B = A + T or A. Every login has
// its lane; lane by lane, and digit by digit, the multiples are added in trees of affine additions.
// Then either the lanes are added too, for one check of all, or each lane is a check of its own.
#ifndef MPIN_ARCH_MSM_IFMA_H_
#define MPIN_ARCH_MSM_IFMA_H_

#include "table_ifma.h"

namespace mpin::ifma {

inline constexpr size_t kChunkVectors = 8;
inline constexpr size_t kChunk = 8 * kChunkVectors;  // Logins whose tables fit the second cache.

// Windows 0 … 21 are the digits of Σ rV, 22 … 64 those of the other sum, lowest first. Of these the
// first 22 have two leaves a login: a digit of r for U and one of ry for B.
inline constexpr size_t kProofWindows = kRandomDigitCount;
inline constexpr size_t kResponseWindows = kDigitCount;
inline constexpr size_t kWindows = kProofWindows + kResponseWindows;
inline constexpr size_t kLeafMax = kChunkVectors * (2 * kRandomDigitCount + kDigitCount);

constexpr size_t leaf_offset(size_t window) {
  const size_t doubled = window < kProofWindows                       ? 0
                         : window < kProofWindows + kRandomDigitCount ? window - kProofWindows
                                                                      : kRandomDigitCount;
  return kChunkVectors * (window + doubled);
}
static_assert(leaf_offset(kWindows) == kLeafMax);

// The digits of eight logins.
struct Codes {
  uint8_t r[kRandomDigitCount][8];
  uint8_t ry[kDigitCount][8];
};

// Where the tables of eight logins are in a chunk.
struct Slots {
  size_t of[8];
};

struct WindowSums {
  Point8 of[kWindows];
};

struct MsmScratch {
  Table proof[kChunk], commitment[kChunk], base[kChunk];
  Codes codes[kChunkVectors];
  union {
    Point8 leaves[kLeafMax];
    Multiples multiples[3 * kChunkVectors];
  };
  FpX8 products[kLeafMax / 2];
  Addition jobs[kLeafMax / 2];
};

template <class S>
struct Msm {
  using G1 = G1T<S>;
  using Curve8 = CurveT<FpX8, CurveG1T<FpX8>>;
  using Projective8 = typename Curve8::Projective;

  static void look_up_all(MsmScratch& s, const Codes* codes, const Slots* slots, size_t vectors) {
    for (size_t j = 0; j < vectors; j++) {
      const Table *proof[8], *commitment[8], *base[8];
      for (size_t lane = 0; lane < 8; lane++) {
        const size_t slot = slots[j].of[lane];
        proof[lane] = &s.proof[slot];
        commitment[lane] = &s.commitment[slot];
        base[lane] = &s.base[slot];
      }
      for (size_t i = 0; i < kRandomDigitCount; i++) {
        lookup(s.leaves[leaf_offset(i) + j], proof, codes[j].r[i]);
        lookup(s.leaves[leaf_offset(kProofWindows + i) + vectors + j], commitment, codes[j].r[i]);
      }
      for (size_t i = 0; i < kDigitCount; i++)
        lookup(s.leaves[leaf_offset(kProofWindows + i) + j], base, codes[j].ry[i]);
    }
  }

  // add_rows: sums[k] += the other points of row k, for rows of n[k] points.
  static void add_rows(Point8* const* rows, size_t* n, size_t count, Addition* jobs,
                       FpX8* products) {
    for (;;) {
      size_t job_count = 0;
      for (size_t k = 0; k < count; k++) {
        const size_t half = n[k] / 2;
        for (size_t i = 0; i < half; i++)
          jobs[job_count++] = {rows[k] + i, rows[k] + n[k] - half + i};
        n[k] -= half;
      }
      if (job_count == 0) return;
      AffineRound<S>::run(jobs, job_count, products);
    }
  }

  // window_sums: the sum of each window in each lane, over vectors of logins, whose tables are in
  // the given slots.
  MPIN_NOINLINE static void window_sums(WindowSums& r, MsmScratch& s, const Codes* codes,
                                        const Slots* slots, size_t vectors) {
    look_up_all(s, codes, slots, vectors);
    Point8* rows[kWindows];
    size_t n[kWindows];
    for (size_t w = 0; w < kWindows; w++) {
      rows[w] = &s.leaves[leaf_offset(w)];
      n[w] = w >= kProofWindows && w < kProofWindows + kRandomDigitCount ? 2 * vectors : vectors;
    }
    add_rows(rows, n, kWindows, s.jobs, s.products);
    for (size_t w = 0; w < kWindows; w++)
      r.of[w] = *rows[w];
  }

  // --- All lanes together ----------------------------------------------------------------------

  // fold_lanes: the sum over the lanes of every window of up to kChunksMax chunks, as points of the
  // scalar kernel. A vector is refilled with eight windows, and the lanes become terms.
  static constexpr size_t kGroups = (kWindows + 7) / 8;
  static constexpr size_t kChunksMax = 4;
  struct Window {
    typename G1::Affine point;
    bool infinite;
  };
  MPIN_NOINLINE static void fold_lanes(Window windows[8 * kGroups], const WindowSums* chunks,
                                       size_t chunk_count, MsmScratch& s) {
    PointRow buffer[8][8];
    Point8* rows[kGroups];
    size_t n[kGroups];
    for (size_t g = 0; g < kGroups; g++) {
      rows[g] = &s.leaves[8 * kChunksMax * g];
      n[g] = 8 * chunk_count;
      for (size_t c = 0; c < chunk_count; c++) {
        for (size_t i = 0; i < 8; i++) {
          PointRow* out[8];
          for (size_t lane = 0; lane < 8; lane++)
            out[lane] = &buffer[i][lane];
          const size_t w = 8 * g + i;
          Point8 last = chunks[c].of[w < kWindows ? w : 0];
          if (w >= kWindows) last.infinite = FpX8::Mask::make(0xff);
          store_rows(out, last);
        }
        for (size_t lane = 0; lane < 8; lane++) {
          const PointRow* in[8];
          for (size_t i = 0; i < 8; i++)
            in[i] = &buffer[i][lane];
          load_rows(rows[g][8 * c + lane], in);
        }
      }
    }
    add_rows(rows, n, kGroups, s.jobs, s.products);
    for (size_t g = 0; g < kGroups; g++) {
      uint64_t x[32], y[32];
      to_scalar(x, rows[g]->x);
      to_scalar(y, rows[g]->y);
      for (size_t i = 0; i < 8; i++) {
        Window& window = windows[8 * g + i];
        std::memcpy(window.point.x.l, x + 4 * i, 32);
        std::memcpy(window.point.y.l, y + 4 * i, 32);
        window.infinite = rows[g]->infinite.bits >> i & 1;
      }
    }
  }
  static_assert(8 * kChunksMax * kGroups <= kLeafMax && 4 * kChunksMax * kGroups <= kLeafMax / 2);

  // sum_lanes: both sums, over all lanes and chunks.
  static void sum_lanes(typename G1::Jacobian& proof, typename G1::Jacobian& response,
                        const WindowSums* chunks, size_t chunk_count, MsmScratch& s) {
    Window windows[8 * kGroups];
    fold_lanes(windows, chunks, chunk_count, s);
    horner_vartime(proof, windows, kProofWindows);
    horner_vartime(response, windows + kProofWindows, kResponseWindows);
  }

  // horner_vartime: Σ 8^i·window[i].
  static void horner_vartime(typename G1::Jacobian& r, const Window* windows, size_t count) {
    G1::set_infinity(r);
    for (size_t i = count; i-- > 0;) {
      for (int j = 0; j < 3; j++)
        G1::dbl(r, r);
      if (!windows[i].infinite) G1::add_affine_vartime(r, r, windows[i].point);
    }
  }

  // --- Every lane for itself -------------------------------------------------------------------

  static void from_affine(Projective8& r, const Point8& a) {
    Projective8 infinity;
    Curve8::set_infinity(infinity);
    Curve8::from_affine(r, {a.x, a.y});
    Curve8::select(r, a.infinite, infinity, r);
  }
  static void horner_lanes(Projective8& r, const Point8* windows, size_t count) {
    Projective8 t;
    from_affine(r, windows[count - 1]);
    for (size_t i = count - 1; i-- > 0;) {
      for (int j = 0; j < 3; j++)
        Curve8::dbl(r, r);
      from_affine(t, windows[i]);
      Curve8::add(r, r, t);
    }
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_MSM_IFMA_H_
