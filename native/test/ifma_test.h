// A case that is there only on CPUs which have what the IFMA kernel needs.
#ifndef MPIN_TEST_IFMA_TEST_H_
#define MPIN_TEST_IFMA_TEST_H_

#include "test_harness.h"

namespace mpin_test {

static inline bool ifma_supported() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512ifma") &&
         __builtin_cpu_supports("bmi2");
}

}  // namespace mpin_test

// IFMA_TEST("sentence that states the rule") { … }
#define IFMA_TEST(name)                                                                     \
  static void CONCAT(test_body_, __LINE__)();                                               \
  static const mpin_test::Case* const CONCAT(test_case_, __LINE__) =                        \
      mpin_test::ifma_supported() ? new mpin_test::Case(name, CONCAT(test_body_, __LINE__)) \
                                  : nullptr;                                                \
  static void CONCAT(test_body_, __LINE__)()

#endif  // MPIN_TEST_IFMA_TEST_H_
