// The check of many logins with eight lanes.
//
// e(Vᵢ, Q)·e(Uᵢ + yᵢBᵢ, s·Q) = 1 for all i holds, but for a chance below 2^-128, when it holds for
// the sums with random factors rᵢ (Bellare, Garay, Rabin, EUROCRYPT 1998): all points have prime
// order, as the cofactor is 1. There are three ways to use that:
//   whole        one scalar pairing product for everything,
//   lanes        eight checks side by side, each of one lane's logins in a chunk of 64,
//   individual   eight logins side by side, without factors, exact.
// A way that fails is followed by the next on what it could not accept. choose() leaves out a way
// that is expected to fail too often, so whatever comes in, a login costs little more than its
// share of an individual check.
#ifndef MPIN_ARCH_BATCH_IFMA_H_
#define MPIN_ARCH_BATCH_IFMA_H_

#include "check_ifma.h"
#include "decode_ifma.h"
#include "msm_ifma.h"
#include "server.h"

namespace mpin::ifma {

// The prepared lines of both kinds; the scalar ones first, as the scalar kernel knows them.
template <class S>
struct VerifierState {
  typename ServerT<S>::State scalar;
  PackedLines q, secret;
};

template <class S>
struct Batch {
  using State = VerifierState<S>;
  using Sums = Msm<S>;
  using G1 = G1T<S>;
  using Projective8 = typename Sums::Projective8;

  static_assert(sizeof(State) <= kVerifierBytes && alignof(State) <= alignof(Verifier));
  static_assert(kBatchMax == Sums::kChunksMax * kChunk);

  struct Scratch {
    Logins logins;
    union {
      DecodeScratch decode;
      MsmScratch msm;
    };
    WindowSums sums[Sums::kChunksMax];
  };

  struct Plan {
    bool whole, lanes;
  };

  // choose: costs in units of an individual check of eight logins; both others take about one,
  // the whole check a little more than half. wrong is the expected rate of wrong logins.
  static Plan choose(size_t count, double wrong) {
    double all_good = 1, eight_good = 1;
    for (size_t i = 0; i < count; i++)
      all_good *= 1 - wrong;
    for (int i = 0; i < 8; i++)
      eight_good *= 1 - wrong;
    const double chunks = static_cast<double>((count + kChunk - 1) / kChunk);
    const bool lanes = count > 8 && eight_good > 0.15;
    return {count > 1 && all_good * chunks > 0.6, lanes};
  }

  // --- Preparing a chunk -----------------------------------------------------------------------

  static size_t chunk_vectors(size_t count, size_t chunk) {
    const size_t vectors = (count + 7) / 8 - chunk * kChunkVectors;
    return vectors < kChunkVectors ? vectors : kChunkVectors;
  }

  static void build_tables(Scratch& s, size_t chunk, size_t vectors, bool all) {
    Table* tables[3 * kChunkVectors];
    const Point8* points[3 * kChunkVectors];
    size_t n = 0;
    for (size_t j = 0; j < vectors; j++) {
      const size_t from = chunk * kChunkVectors + j;
      tables[n] = &s.msm.base[8 * j];
      points[n++] = &s.logins.base[from];
      if (!all) continue;
      tables[n] = &s.msm.proof[8 * j];
      points[n++] = &s.logins.proof[from];
      tables[n] = &s.msm.commitment[8 * j];
      points[n++] = &s.logins.commitment[from];
    }
    TableBuilder<S>::build(tables, points, n, s.msm.multiples, s.msm.jobs, s.msm.products);
  }

  // draw_factors: fresh random factors for a chunk; false when the system has no randomness.
  static bool draw_factors(Scratch& s, size_t chunk, size_t vectors) {
    RandomBytes random;
    for (size_t j = 0; j < vectors; j++) {
      Codes& codes = s.msm.codes[j];
      std::memset(&codes, kZeroDigit, sizeof codes);
      const size_t vector = chunk * kChunkVectors + j;
      for (size_t lane = 0; lane < 8; lane++) {
        if (!(s.logins.valid[vector].bits >> lane & 1)) continue;
        uint64_t r[4], ry[4];
        if (!random_factor<S>(&codes.r[0][lane], 8, r, &random)) return false;
        fr_mul<S>(ry, r, s.logins.y[8 * vector + lane]);
        HalfScalar k1, k2;
        glv_split(&k1, &k2, ry);
        recode_vartime(&codes.ry[0][lane], 8, k1, k2);
      }
    }
    return true;
  }

  // --- The three ways --------------------------------------------------------------------------

  // sum_chunk: the sums of a chunk in each lane, whose tables and factors are there.
  static void sum_chunk(WindowSums& sums, Scratch& s, size_t vectors) {
    Slots slots[kChunkVectors];
    for (size_t i = 0; i < kChunk; i++)
      slots[i / 8].of[i % 8] = i;
    Sums::window_sums(sums, s.msm, s.msm.codes, slots, vectors);
  }

  // check_whole: true when every valid login is right.
  static bool check_whole(const State& state, Scratch& s, size_t count) {
    const size_t chunks = (count + kChunk - 1) / kChunk;
    for (size_t c = 0; c < chunks; c++) {
      const size_t vectors = chunk_vectors(count, c);
      build_tables(s, c, vectors, true);
      if (!draw_factors(s, c, vectors)) return false;
      sum_chunk(s.sums[c], s, vectors);
    }
    typename G1::Jacobian proof, response;
    Sums::sum_lanes(proof, response, s.sums, chunks, s.msm);
    Fp12Lanes value;
    PairingCheck<S>::value_vartime(value, proof, state.q, response, state.secret);
    return Fp12Lanes::is_one(value);
  }

  // pairings: e(a, Q)·e(b, s·Q) in each lane.
  static void pairings(Fp12T<FpX8>& r, const State& state, const Projective8& a,
                       const Projective8& b) {
    FpX8 inverse, inverse_a, inverse_b;
    FpX8::mul(inverse, a.y, b.y);  // Never zero: there is no point of order two.
    invert_vartime<S>(inverse, inverse);
    FpX8::mul(inverse_a, inverse, b.y);
    FpX8::mul(inverse_b, inverse, a.y);
    Pairing8::G1Prepared p1, p2;
    FpX8::mul(p1.x_over_y, a.x, inverse_a);
    FpX8::mul(p1.y_inverse, a.z, inverse_a);
    FpX8::mul(p2.x_over_y, b.x, inverse_b);
    FpX8::mul(p2.y_inverse, b.z, inverse_b);
    Miller8::run(r, p1, state.q, p2, state.secret);
    CyclotomicT<FpX8>::final_exp(r, r);
  }

  // check_lanes: the check values of the lanes of a chunk, whose tables are there. False when the
  // system has no randomness.
  static bool check_lanes(Fp12T<FpX8>& values, const State& state, Scratch& s, size_t chunk,
                          size_t vectors) {
    if (!draw_factors(s, chunk, vectors)) return false;
    WindowSums& sums = s.sums[0];
    sum_chunk(sums, s, vectors);
    Projective8 proof, response;
    Sums::horner_lanes(proof, sums.of, kProofWindows);
    Sums::horner_lanes(response, sums.of + kProofWindows, kResponseWindows);
    pairings(values, state, proof, response);
    return true;
  }

  // isolate: which login of a lane is the only wrong one, when one is. Let E = Π Eᵢ^rᵢ be the value
  // of the lane and E' = Π Eᵢ^(uᵢrᵢ) another with a unit uᵢ for each login, two of them 0. If login
  // i alone is wrong, E' = E^uᵢ; and if that holds, all other logins whose unit differs are right,
  // but for a chance of 2^-128 (after Law and Matt, Cryptography and Coding 2007, who take integers
  // for u). E^w is E^(p⁴), and digits times units are digits. What is suspected, as a set of
  // vectors, is returned: one login, the two with unit 0, or all.
  static uint8_t isolate(const State& state, Scratch& s, const Fp12T<FpX8>& values, size_t lane,
                         size_t vectors) {
    constexpr uint8_t all = 0xff, unit_zero = 0x81;
    Codes codes;
    Slots slots;
    std::memset(&codes, kZeroDigit, sizeof codes);
    for (size_t j = 0; j < 8; j++) {
      slots.of[j] = j < vectors ? 8 * j + lane : lane;
      if (j >= vectors || (unit_zero >> j & 1)) continue;
      const int power = static_cast<int>(j - 1) / 2, sign = static_cast<int>(j - 1) % 2;
      const Codes& from = s.msm.codes[j];
      for (size_t i = 0; i < kRandomDigitCount; i++)
        codes.r[i][j] = times_unit(from.r[i][lane], power, sign);
      for (size_t i = 0; i < kDigitCount; i++)
        codes.ry[i][j] = times_unit(from.ry[i][lane], power, sign);
    }
    WindowSums& sums = s.sums[1];
    Sums::window_sums(sums, s.msm, &codes, &slots, 1);
    typename G1::Jacobian proof, response;
    Sums::sum_lanes(proof, response, &sums, 1, s.msm);
    Fp12Lanes value, power, minus;
    PairingCheck<S>::value_vartime(value, proof, state.q, response, state.secret);
    if (Fp12Lanes::is_one(value)) return unit_zero;
    Fp12Lanes::from_eight(power, values, static_cast<int>(lane));
    for (int j = 1; j < 7; j += 2) {
      Fp12Lanes::conj(minus, power);
      if (Fp12Lanes::equal(value, power)) return static_cast<uint8_t>(1 << j);
      if (Fp12Lanes::equal(value, minus)) return static_cast<uint8_t>(2 << j);
      Fp12Lanes::frobenius2(power, power);
      Fp12Lanes::frobenius2(power, power);
    }
    return all;
  }

  // check_one: the same by scalar multiplication and one pairing across the lanes. No tables
  // needed.
  static void check_one(const State& state, const Logins& logins, size_t index, int8_t* statuses) {
    const size_t j = index / 8, lane = index % 8;
    typename G1::Affine proof, commitment, base;
    to_scalar_point(proof, logins.proof[j], lane);
    to_scalar_point(commitment, logins.commitment[j], lane);
    typename G1::Jacobian a, b;
    G1::from_affine(a, proof);
    if (logins.base[j].infinite.bits >> lane & 1) {
      G1::set_infinity(b);
    } else {
      to_scalar_point(base, logins.base[j], lane);
      G1::from_affine(b, base);
      G1::mul_vartime(b, b, logins.y[index]);
    }
    G1::add_affine_vartime(b, b, commitment);
    Fp12Lanes value;
    PairingCheck<S>::value_vartime(value, a, state.q, b, state.secret);
    statuses[index] = static_cast<int8_t>(Fp12Lanes::is_one(value) ? Status::ok : Status::bad_pin);
  }

  // check_eight: logins index[0 … n-1], n <= 8, of a chunk whose tables of base are there.
  static void check_eight(const State& state, Scratch& s, size_t chunk, const size_t* index,
                          size_t n, int8_t* statuses) {
    Point8 proof, commitment, term;
    uint8_t codes[kDigitCount][8];
    const Table* tables[8];
    const size_t start = chunk * kChunk;
    set_infinite(proof);
    set_infinite(commitment);
    std::memset(codes, kZeroDigit, sizeof codes);
    for (size_t i = 0; i < 8; i++) {
      tables[i] = &s.msm.base[index[i < n ? i : 0] - start];
      if (i >= n) continue;
      HalfScalar k1, k2;
      glv_split(&k1, &k2, s.logins.y[index[i]]);
      recode_vartime(&codes[0][i], 8, k1, k2);
      copy_point(proof, i, s.logins.proof[index[i] / 8], index[i] % 8);
      copy_point(commitment, i, s.logins.commitment[index[i] / 8], index[i] % 8);
    }
    Projective8 a, b, t;
    Sums::Curve8::set_infinity(b);
    for (size_t i = kDigitCount; i-- > 0;) {
      for (int j = 0; j < 3; j++)
        Sums::Curve8::dbl(b, b);
      lookup(term, tables, codes[i]);
      Sums::from_affine(t, term);
      Sums::Curve8::add(b, b, t);
    }
    Sums::from_affine(t, commitment);
    Sums::Curve8::add(b, b, t);
    Sums::from_affine(a, proof);
    Fp12T<FpX8> values;
    pairings(values, state, a, b);
    const FpX8::Mask good = Fp12T<FpX8>::is_one(values);
    for (size_t i = 0; i < n; i++)
      statuses[index[i]] = static_cast<int8_t>(good.bits >> i & 1 ? Status::ok : Status::bad_pin);
  }

  // --- Putting them together -------------------------------------------------------------------

  // suspects: the logins of a chunk that are not cleared by lanes, lane j those in the vectors of
  // suspects[j].
  static void find_suspects(uint8_t suspects[8], const State& state, Scratch& s, size_t chunk,
                            size_t vectors) {
    Fp12T<FpX8> values;
    std::memset(suspects, 0xff, 8);
    if (!check_lanes(values, state, s, chunk, vectors)) return;
    const FpX8::Mask good = Fp12T<FpX8>::is_one(values);
    int misses = 0;
    for (size_t lane = 0; lane < 8; lane++) {
      if (good.bits >> lane & 1) {
        suspects[lane] = 0;
      } else if (vectors > 1 && misses < kMissesMax) {
        suspects[lane] = isolate(state, s, values, lane, vectors);
        misses += suspects[lane] == 0xff;
      }
    }
  }
  // Lanes with more than one wrong login cost the attempt to isolate one. It is not made again in a
  // chunk where it failed this often.
  static constexpr int kMissesMax = 2;

  // check_chunk: by lanes when asked to, then what is left individually. Statuses are ok before.
  static void check_chunk(const State& state, Scratch& s, size_t count, size_t chunk, bool lanes,
                          bool tables_ready, int8_t* statuses) {
    const size_t vectors = chunk_vectors(count, chunk);
    if (!tables_ready) build_tables(s, chunk, vectors, lanes);
    uint8_t suspects[8];
    std::memset(suspects, 0xff, sizeof suspects);
    if (lanes) find_suspects(suspects, state, s, chunk, vectors);
    size_t index[8], n = 0;
    for (size_t j = 0; j < vectors; j++)
      for (size_t lane = 0; lane < 8; lane++) {
        const size_t vector = chunk * kChunkVectors + j;
        if (!(suspects[lane] >> j & s.logins.valid[vector].bits >> lane & 1)) continue;
        if (suspects[lane] == 1 << j) {
          statuses[8 * vector + lane] = static_cast<int8_t>(Status::bad_pin);
          continue;
        }
        index[n++] = 8 * vector + lane;
        if (n < 8) continue;
        check_eight(state, s, chunk, index, n, statuses);
        n = 0;
      }
    check_few(state, s, chunk, index, n, statuses);
  }

  // check_few: one by one while that is faster than eight side by side.
  static constexpr size_t kFew = 4;
  static void check_few(const State& state, Scratch& s, size_t chunk, const size_t* index, size_t n,
                        int8_t* statuses) {
    if (n > kFew) {
      check_eight(state, s, chunk, index, n, statuses);
      return;
    }
    for (size_t i = 0; i < n; i++)
      check_one(state, s.logins, index[i], statuses);
  }

  // verify: count <= kBatchMax records; wrong is the rate of wrong logins to be expected.
  static void verify(const State& state, const VerifyRecord* records, size_t count,
                     int8_t* statuses, double wrong, Scratch& s) {
    Decoder<S>::decode_vartime(s.logins, s.decode, records, count);
    size_t valid = 0;
    for (size_t i = 0; i < count; i++) {
      const bool is_valid = s.logins.valid[i / 8].bits >> i % 8 & 1;
      statuses[i] = static_cast<int8_t>(is_valid ? Status::ok : Status::invalid_point);
      valid += is_valid;
    }
    if (valid == 0) return;
    if (count == 1) {
      check_one(state, s.logins, 0, statuses);
      return;
    }
    const Plan plan = choose(count, wrong);
    if (plan.whole && check_whole(state, s, count)) return;
    const size_t chunks = (count + kChunk - 1) / kChunk;
    for (size_t c = 0; c < chunks; c++)
      check_chunk(state, s, count, c, plan.lanes, plan.whole && chunks == 1, statuses);
  }

 private:
  static void to_scalar_point(typename G1::Affine& r, const Point8& a, size_t lane) {
    uint64_t words[32];
    to_scalar(words, a.x);
    std::memcpy(r.x.l, words + 4 * lane, sizeof r.x.l);
    to_scalar(words, a.y);
    std::memcpy(r.y.l, words + 4 * lane, sizeof r.y.l);
  }
  static void copy_point(Point8& r, size_t lane, const Point8& a, size_t from) {
    copy_lane(r.x, static_cast<int>(lane), a.x, static_cast<int>(from));
    copy_lane(r.y, static_cast<int>(lane), a.y, static_cast<int>(from));
    r.infinite.bits &= static_cast<__mmask8>(~(1u << lane));
  }
};

}  // namespace mpin::ifma

#endif  // MPIN_ARCH_BATCH_IFMA_H_
