// The assembly of the adx engine against the portable engine, word for word, on hostile values and
// at the bounds the functions state.
#include <cstring>

#include "engine_adx.h"
#include "engine_portable.h"
#include "field.h"
#include "test_harness.h"

namespace mpin_test {
namespace {

using mpin::AdxEngine;
using mpin::PortableEngine;

// The largest and smallest words, single bits, and what hostile_words makes.
void edge_words(uint64_t* out, int n, int i) {
  if (i >= 6) {
    hostile_words(out, n);
    return;
  }
  for (int j = 0; j < n; j++)
    out[j] = i == 0 ? 0 : i == 1 ? ~uint64_t{0} : i == 2 ? uint64_t{j == 0} : 0;
  if (i == 3) out[n - 1] = uint64_t{1} << 63;
  if (i == 4) out[0] = ~uint64_t{0};
  if (i == 5) out[n - 1] = ~uint64_t{0};
}

TEST("adx: full products and squares are those of the portable engine") {
  for (int i = 0; i < iterations(20000); i++) {
    uint64_t a[4], b[4], r[8], s[8];
    edge_words(a, 4, i % 40);
    edge_words(b, 4, i / 40 % 40);
    AdxEngine::mul_wide(r, a, b), PortableEngine::mul_wide(s, a, b);
    CHECK(std::memcmp(r, s, sizeof r) == 0);
    AdxEngine::mul_wide(r, a, a), PortableEngine::mul_wide(s, a, a);
    CHECK(std::memcmp(r, s, sizeof r) == 0);
    AdxEngine::sqr_wide(r, a);
    CHECK(std::memcmp(r, s, sizeof r) == 0);
  }
}

// below: a, or bound - 1 when a is not below it.
void below(uint64_t* a, const uint64_t bound[4]) {
  if (!mpin::limbs_less<4>(a, bound)) std::memcpy(a, bound, 4 * sizeof *a), a[0]--;
}

template <class M>
void check_reductions(int n) {
  for (int i = 0; i < n; i++) {
    uint64_t t[8], a[4], b[4], twice[4], r[4], s[4];
    edge_words(t, 8, i % 40);
    below(t + 4, M::kModulus);  // t < m·2^256
    AdxEngine::redc<M>(r, t), PortableEngine::redc<M>(s, t);
    CHECK(std::memcmp(r, s, sizeof r) == 0);

    // Any a < 2^256 with b < m, then both below 2m, the largest included.
    mpin::limbs_add<4>(twice, M::kModulus, M::kModulus);
    edge_words(a, 4, i % 40);
    edge_words(b, 4, i / 40 % 40);
    below(b, M::kModulus);
    AdxEngine::mul<M>(r, a, b), PortableEngine::mul<M>(s, a, b);
    CHECK(std::memcmp(r, s, sizeof r) == 0);
    edge_words(b, 4, i / 40 % 40);
    below(a, twice), below(b, twice);
    AdxEngine::mul<M>(r, a, b), PortableEngine::mul<M>(s, a, b);
    CHECK(std::memcmp(r, s, sizeof r) == 0);
  }
}

TEST("adx: reductions are those of the portable engine up to their bounds, for p and r") {
  check_reductions<mpin::params::ModulusP>(iterations(20000));
  check_reductions<mpin::params::ModulusR>(iterations(20000));
}

}  // namespace
}  // namespace mpin_test
