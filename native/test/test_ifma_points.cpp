// Points, mapping, digits and tables of the IFMA kernel against the portable code.
#include "fr.h"
#include "hash_to_g1.h"
#include "ifma_lanes.h"
#include "map_ifma.h"
#include "table_ifma.h"

using namespace mpin_test;
namespace ifma = mpin::ifma;

namespace {

IFMA_TEST("affine rounds in IFMA lanes are right for equal, opposite and infinite points too") {
  constexpr int kJobs = 5;
  for (int round = 0; round < iterations(200); round++) {
    MaybePoint a[kJobs][8], b[kJobs][8];
    ifma::Point8 sums[kJobs], terms[kJobs];
    ifma::Addition jobs[kJobs];
    FpX8 products[kJobs];
    for (int j = 0; j < kJobs; j++) {
      for (int i = 0; i < 8; i++) {
        random_point(a[j][i].point);
        random_point(b[j][i].point);
        const uint64_t kind = random_word() % (round % 4 == 0 ? 1000000 : 12);
        if (kind < 2) b[j][i].point = a[j][i].point;
        if (kind == 1) F::neg(b[j][i].point.y, a[j][i].point.y);
        a[j][i].infinite = kind == 2 || kind == 3;
        b[j][i].infinite = kind == 3 || kind == 4;
      }
      to_lanes(sums[j], a[j]);
      to_lanes(terms[j], b[j]);
      jobs[j] = {&sums[j], &terms[j]};
    }
    ifma::AffineRound<F>::run(jobs, kJobs, products);
    for (int j = 0; j < kJobs; j++)
      for (int i = 0; i < 8; i++) {
        G1::Jacobian wanted;
        G1::set_infinity(wanted);
        if (!a[j][i].infinite) G1::add_affine_vartime(wanted, wanted, a[j][i].point);
        if (!b[j][i].infinite) G1::add_affine_vartime(wanted, wanted, b[j][i].point);
        CHECK(is_point(sums[j], i, wanted));
      }
  }
}

IFMA_TEST("the inverse in variable time is the power's, and zero for zero") {
  for (int i = 0; i < iterations(3000); i++) {
    F a, b, c;
    random_element(a);
    if (i % 50 == 0) F::set_zero(a);
    mpin::InverseT<F>::inv_vartime(b, a);
    mpin::PowerT<F>::inv(c, a);
    CHECK(F::equal(b, c));
  }
}

IFMA_TEST("hashes map to the same points in IFMA lanes, at p, below and above too") {
  constexpr size_t kCount = 700;
  static ifma::Map8::Item items[kCount];
  static ifma::Point8 points[(kCount + 7) / 8];
  for (int round = 0; round < iterations(4); round++) {
    const size_t count = round == 0 ? kCount : 1 + random_word() % kCount;
    for (auto& p : points)
      ifma::set_infinite(p);
    for (size_t i = 0; i < count; i++) {
      uint64_t words[4];
      if (random_word() % 4 == 0) {
        std::memcpy(words, mpin::params::ModulusP::kModulus, sizeof words);
        words[0] += random_word() % 16 - 8;
      } else {
        hostile_words(words, 4);
      }
      mpin::limbs_to_bytes(items[i].hash, words);
      items[i].slot = count - 1 - i;
    }
    // With 25 rounds about half of the symbols stay open.
    const int rounds = round % 2 == 0 ? ifma::Jacobi16::kRounds : 25;
    ifma::Map8::map_many_vartime(points, items, count, rounds);
    for (size_t i = 0; i < count; i++) {
      G1::Affine wanted;
      G1::Jacobian t;
      mpin::HashToG1T<F>::map_vartime(wanted, items[i].hash);
      G1::from_affine(t, wanted);
      CHECK(is_point(points[items[i].slot / 8], static_cast<int>(items[i].slot % 8), t));
    }
    if (count % 8 != 0) CHECK(points[count / 8].infinite.bits >> (count % 8) != 0);
  }
}

// value: Σ digit·8^i as an integer mod r.
void value(uint64_t r[4], const uint8_t* codes, size_t stride, size_t n) {
  using Fr = mpin::FrT<F>;
  Fr lambda, eight, sum;
  Fr::from_integer(lambda, mpin::params::kLambda);
  const uint64_t eight_words[4] = {8, 0, 0, 0};
  Fr::from_integer(eight, eight_words);
  Fr::set_zero(sum);
  for (size_t i = n; i-- > 0;) {
    Fr::mul(sum, sum, eight);
    const uint8_t code = codes[i * stride];
    if (code == mpin::kZeroDigit) continue;
    const auto small = [](Fr& t, int v) {
      const uint64_t words[4] = {static_cast<uint64_t>(v < 0 ? -v : v), 0, 0, 0};
      Fr::from_integer(t, words);
      if (v < 0) Fr::neg(t, t);
    };
    Fr a, b;
    small(a, mpin::kMultiples[code >> 3].a);
    small(b, mpin::kMultiples[code >> 3].b);
    Fr::mul(b, b, lambda);
    Fr::add(a, a, b);
    for (int k = 0; k < (code >> 1 & 3); k++)
      Fr::mul(a, a, lambda);
    if (code & 1) Fr::neg(a, a);
    Fr::add(sum, sum, a);
  }
  Fr::to_integer(r, sum);
}

IFMA_TEST("digits of Eisenstein integers have the value of the scalar") {
  for (int i = 0; i < iterations(20000); i++) {
    uint64_t k[4], got[4];
    hostile_words(k, 4);
    using Fr = mpin::FrT<F>;
    Fr t;
    Fr::from_integer(t, k);
    Fr::to_integer(k, t);
    mpin::HalfScalar k1, k2;
    mpin::glv_split(&k1, &k2, k);
    uint8_t codes[mpin::kDigitCount];
    mpin::recode_vartime(codes, 1, k1, k2);
    value(got, codes, 1, mpin::kDigitCount);
    CHECK(std::memcmp(got, k, sizeof k) == 0);
  }
}

IFMA_TEST("random factors are fresh, not zero, and of the value of their digits") {
  mpin::RandomBytes random;
  uint64_t last[4] = {};
  for (int i = 0; i < iterations(2000); i++) {
    uint8_t codes[mpin::kRandomDigitCount * 8];
    uint64_t factor[4], got[4];
    CHECK(mpin::random_factor<F>(codes, 8, factor, &random));
    value(got, codes, 8, mpin::kRandomDigitCount);
    CHECK(std::memcmp(got, factor, sizeof got) == 0);
    CHECK((factor[0] | factor[1] | factor[2] | factor[3]) != 0);
    CHECK(std::memcmp(last, factor, sizeof last) != 0);
    std::memcpy(last, factor, sizeof last);
  }
}

IFMA_TEST("every digit of every lane finds its multiple in the tables") {
  static ifma::Table tables[8];
  static ifma::Multiples work;
  ifma::Addition jobs[5];
  FpX8 products[5];
  MaybePoint points[8];
  for (int i = 0; i < 8; i++) {
    random_point(points[i].point);
    points[i].infinite = i == 5;
  }
  ifma::Point8 lanes;
  to_lanes(lanes, points);
  ifma::Table* const out[1] = {tables};
  const ifma::Point8* const in[1] = {&lanes};
  ifma::TableBuilder<F>::build(out, in, 1, &work, jobs, products);
  const ifma::Table* all[8];
  for (int i = 0; i < 8; i++)
    all[i] = &tables[i];
  for (int residue = 0; residue < 64; residue++) {
    uint8_t codes[8];
    ifma::Point8 found;
    for (int i = 0; i < 8; i++)
      codes[i] = mpin::kDigits.of[(residue + 7 * i) % 64].code;
    ifma::lookup(found, all, codes);
    for (int i = 0; i < 8; i++) {
      uint64_t k[4];
      value(k, codes + i, 1, 1);
      G1::Jacobian wanted;
      G1::from_affine(wanted, points[i].point);
      G1::mul_vartime(wanted, wanted, k);
      if (points[i].infinite || codes[i] == mpin::kZeroDigit) G1::set_infinity(wanted);
      CHECK(is_point(found, i, wanted));
    }
  }
}

}  // namespace
