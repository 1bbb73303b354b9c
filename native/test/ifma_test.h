// A case that is there only on CPUs which have what the IFMA kernel needs.
#ifndef MPIN_TEST_IFMA_TEST_H_
#define MPIN_TEST_IFMA_TEST_H_

#include <new>

#include "test_harness.h"

namespace mpin_test {

static inline bool ifma_supported() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512ifma") &&
         __builtin_cpu_supports("bmi2");
}

// A case in its place, registered or not.
class IfmaCase {
 public:
  IfmaCase(const char* name, void (*run)()) {
    if (ifma_supported()) new (place_) Case(name, run);
  }

 private:
  alignas(Case) unsigned char place_[sizeof(Case)];
};

}  // namespace mpin_test

// IFMA_TEST("sentence that states the rule") { … }
#define IFMA_TEST(name)                                                                        \
  static void CONCAT(test_body_, __LINE__)();                                                  \
  static mpin_test::IfmaCase CONCAT(test_case_, __LINE__)(name, CONCAT(test_body_, __LINE__)); \
  static void CONCAT(test_body_, __LINE__)()

#endif  // MPIN_TEST_IFMA_TEST_H_
