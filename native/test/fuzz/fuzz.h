// What the fuzz targets share.
#ifndef MPIN_TEST_FUZZ_FUZZ_H_
#define MPIN_TEST_FUZZ_FUZZ_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// FUZZ_CHECK: a rule that no input may break.
#define FUZZ_CHECK(condition)                                              \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (0)

// The name and shape that libFuzzer asks for.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#endif  // MPIN_TEST_FUZZ_FUZZ_H_
