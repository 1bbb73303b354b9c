// The check of many logins over a scalar field.
//
// e(Vᵢ, Q)·e(Uᵢ + yᵢBᵢ, s·Q) = 1 for all i holds, but for a chance below 2^-128, when it holds for
// the sums with random factors rᵢ (Bellare, Garay, Rabin, EUROCRYPT 1998): all points have prime
// order, as the cofactor is 1. The factors are fresh for each sum, drawn when its logins are fixed.
// A group that fails is halved, down to its wrong logins. Half of a wrong group is wrong when the
// other half is right, which saves its check.
#ifndef MPIN_CORE_BATCH_H_
#define MPIN_CORE_BATCH_H_

#include "msm.h"
#include "server.h"

namespace mpin {

// group_size: how many of n logins are best checked at once when each is wrong with the given
// probability: a power of two, possibly above n. Costs are in units of one product of pairings.
inline __attribute__((always_inline)) size_t group_size(size_t n, double wrong) {
  constexpr double kLogin = 0.05;  // The share of a login in the sums.
  constexpr double kAlone = 1.1;   // A login checked without factors.
  if (!(wrong > 0)) wrong = 0;
  if (wrong > 1) wrong = 1;
  double right = 1 - wrong;             // All of `size` logins are.
  double unknown = kAlone, failed = 0;  // To settle a group, and one that is known to fail.
  double least = kAlone, check = kAlone;
  size_t best = 1;
  for (size_t size = 2; size < 2 * n; size *= 2) {
    // A failed group: its first half is checked. 1/(1 + right) of the time that fails as well, and
    // the other half is as any group; otherwise the other half fails.
    const double half_fails = 1 / (1 + right);
    failed += check + half_fails * unknown;
    check = 1 + kLogin * static_cast<double>(size);
    right *= right;
    unknown = check + (1 - right) * failed;
    if (unknown / static_cast<double>(size) >= least) continue;
    least = unknown / static_cast<double>(size);
    best = size;
  }
  return best;
}

template <class F>
struct BatchT {
  using Server = ServerT<F>;
  using State = typename Server::State;
  using G1 = G1T<F>;
  using Affine = typename G1::Affine;
  using Jacobian = typename G1::Jacobian;
  using Fp12 = Fp12T<F>;
  using Msm = MsmT<F>;
  using Sum = AffineSumT<F>;

  static constexpr size_t kBatchMax = 256;  // More save less than 2 % of a login's time.

  // A login with valid points: V, UT and A + T, or without permit V, U and A.
  struct Item {
    Affine v, u, b;
    uint64_t y[4];
    size_t index;
  };

  struct Scratch {
    Item items[kBatchMax];
    Affine permits[kBatchMax];
    typename Msm::Tables tables[Msm::kChunk];
    typename Msm::Codes codes[Msm::kChunk];
    typename Msm::Scratch msm;
  };
  static_assert(kBatchMax <= sizeof(Msm::Scratch::jobs) / sizeof(typename Sum::Addition));

  // One call: at most kBatchMax records.
  struct Run {
    const State& state;
    Scratch& s;
    int8_t* statuses;
    bool random;  // The system has randomness; without it logins are checked one by one.
  };

  // Logins from ... from + n - 1 of a chunk.
  struct Range {
    const Item* items;
    typename Msm::Tables* tables;
    size_t n;

    inline __attribute__((always_inline)) Range part(size_t from, size_t count) const {
      return {items + from, tables + from, count};
    }
  };

  // decode_vartime: statuses of n records, ok for the valid ones, which become items; their number.
  static size_t decode_vartime(Scratch& s, const uint8_t* records, size_t n, int8_t* statuses) {
    size_t count = 0, permits = 0;
    for (size_t i = 0; i < n; i++) {
      VerifyRecord record;
      typename Server::Login login;
      std::memcpy(&record, records + i * kRecordBytes, sizeof record);
      const bool valid = Server::decode_vartime(login, record);
      statuses[i] = static_cast<int8_t>(valid ? Status::ok : Status::invalid_point);
      if (!valid) continue;
      Item& item = s.items[count++];
      item = {login.v, login.permit ? login.ut : login.u, login.a, {}, i};
      std::memcpy(item.y, login.y, sizeof item.y);
      if (!login.permit) continue;
      s.permits[permits] = login.t;
      s.msm.jobs[permits] = {&item.b, &s.permits[permits]};
      permits++;
    }
    Sum::run_vartime(s.msm.jobs, permits, s.msm.work);
    return count;
  }

  // --- Checks -----------------------------------------------------------------------------------

  // check_one: without factors, so exact.
  static bool check_one(const Run& run, const Item& item) {
    Jacobian v, response;
    G1::from_affine(v, item.v);
    if (Sum::is_infinity(item.b)) {
      G1::set_infinity(response);
    } else {
      G1::from_affine(response, item.b);
      G1::mul_vartime(response, response, item.y);
    }
    G1::add_affine_vartime(response, response, item.u);
    Fp12 value;
    Server::value_vartime(value, run.state, v, response);
    const bool right = Fp12::is_one(value) != 0;
    run.statuses[item.index] = static_cast<int8_t>(right ? Status::ok : Status::bad_pin);
    return right;
  }

  // draw_factors: fresh ones; false when the system has no randomness.
  static bool draw_factors(typename Msm::Codes* codes, const Item* items, size_t n) {
    RandomBytes random;
    for (size_t i = 0; i < n; i++) {
      uint64_t r[4], ry[4];
      if (!random_factor<F>(codes[i].r, 1, r, &random)) return false;
      fr_mul<F>(ry, r, items[i].y);
      HalfScalar k1, k2;
      glv_split(&k1, &k2, ry);
      recode_vartime(codes[i].ry, 1, k1, k2);
    }
    return true;
  }

  static void add_vartime(Jacobian& r, const Jacobian& a) {
    if (F::is_zero(a.z)) return;
    F inverse, square;
    Affine affine;
    InverseT<F>::inv_vartime(inverse, a.z);
    F::sqr(square, inverse);
    F::mul(affine.x, a.x, square);
    F::mul(square, square, inverse);
    F::mul(affine.y, a.y, square);
    G1::add_affine_vartime(r, r, affine);
  }

  // add_sums: the sums of a range whose tables are there, with fresh factors, onto both.
  static bool add_sums(Run& run, const Range& range, Jacobian& proof, Jacobian& response) {
    Scratch& s = run.s;
    run.random = run.random && draw_factors(s.codes, range.items, range.n);
    if (!run.random) return false;
    Jacobian p, r;
    Msm::sums_vartime(p, r, range.tables, s.codes, range.n, s.msm);
    add_vartime(proof, p);
    add_vartime(response, r);
    return true;
  }

  static bool is_right(const Run& run, const Jacobian& proof, const Jacobian& response) {
    Fp12 value;
    Server::value_vartime(value, run.state, proof, response);
    return Fp12::is_one(value) != 0;
  }

  // check: are all logins of a range right? Says no without randomness, see settle.
  static bool check(Run& run, const Range& range) {
    if (range.n == 1) return check_one(run, *range.items);
    Jacobian proof, response;
    G1::set_infinity(proof);
    G1::set_infinity(response);
    return add_sums(run, range, proof, response) && is_right(run, proof, response);
  }

  static void build_tables(Scratch& s, const Range& range) {
    for (size_t i = 0; i < range.n; i++) {
      range.tables[i].v.of[0] = range.items[i].v;
      range.tables[i].u.of[0] = range.items[i].u;
      range.tables[i].b.of[0] = range.items[i].b;
    }
    Msm::build_tables(range.tables, range.n, s.msm);
  }

  // check_all: are all of more than one chunk right?
  static bool check_all(Run& run, size_t count) {
    Jacobian proof, response;
    G1::set_infinity(proof);
    G1::set_infinity(response);
    for (size_t from = 0; from < count; from += Msm::kChunk) {
      const Range chunk = chunk_at(run.s, from, count);
      build_tables(run.s, chunk);
      if (!add_sums(run, chunk, proof, response)) return false;
    }
    return is_right(run, proof, response);
  }

  // --- Finding the wrong ones -------------------------------------------------------------------

  // settle: the statuses of a range, which are ok before.
  static void settle(Run& run, const Range& range, bool known_to_fail) {
    if (!known_to_fail && check(run, range)) return;
    if (!run.random) {
      for (size_t i = 0; i < range.n; i++)
        (void)check_one(run, range.items[i]);
      return;
    }
    if (range.n == 1) {
      run.statuses[range.items->index] = static_cast<int8_t>(Status::bad_pin);
      return;
    }
    const size_t half = range.n / 2;
    const Range left = range.part(0, half), right = range.part(half, range.n - half);
    const bool left_fails = !check(run, left);
    if (left_fails) settle(run, left, true);
    settle(run, right, !left_fails);
  }

  static Range chunk_at(Scratch& s, size_t from, size_t count) {
    const size_t left = count - from;
    return {s.items + from, s.tables, left < Msm::kChunk ? left : Msm::kChunk};
  }

  static void verify(Run& run, const uint8_t* records, size_t n, double wrong) {
    const size_t count = decode_vartime(run.s, records, n, run.statuses);
    size_t group = group_size(count, wrong);
    if (group > Msm::kChunk) {
      if (count > Msm::kChunk && check_all(run, count)) return;
      group = Msm::kChunk;
    }
    for (size_t from = 0; from < count; from += Msm::kChunk) {
      const Range chunk = chunk_at(run.s, from, count);
      if (group > 1) build_tables(run.s, chunk);
      for (size_t i = 0; i < chunk.n; i += group)
        settle(run, chunk.part(i, chunk.n - i < group ? chunk.n - i : group), false);
    }
  }

  static void verify_batch(const Verifier& verifier, const uint8_t* records, size_t n,
                           int8_t* statuses, double wrong) {
    // Too large for a stack, and public: proofs and factors of past checks.
    alignas(64) static thread_local unsigned char scratch[sizeof(Scratch)];
    for (size_t i = 0; i < n; i += kBatchMax) {
      Run run = {Server::state(verifier), *reinterpret_cast<Scratch*>(scratch), statuses + i, true};
      verify(run, records + i * kRecordBytes, n - i < kBatchMax ? n - i : kBatchMax, wrong);
    }
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_BATCH_H_
