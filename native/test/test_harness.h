// A small test harness: cases register themselves, checks count, failures are printed.
#ifndef MPIN_TEST_HARNESS_H_
#define MPIN_TEST_HARNESS_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace mpin_test {

struct Case {
  Case(const char* name, void (*run)());
  const char* name;
  void (*run)();
  Case* next;
};

// check: counts, and prints the first failures of a case.
void check(bool condition, const char* what, const char* file, int line);

// Random values that find carry errors: uniform, with many one bits, or in long runs of 0 and 1.
uint64_t random_word();
void random_bytes(uint8_t* out, size_t len);
void hostile_words(uint64_t* out, int n);

// iterations: how often a random property is tried, scaled by TEST_ITERATIONS (default 1).
int iterations(int n);

// run_vectors: the published protocol vectors in a file of "NAME=hex" lines, a blank line after
// each record.
void run_vectors(const char* path);

std::string to_hex(const uint8_t* data, size_t len);

}  // namespace mpin_test

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
// TEST("sentence that states the rule") { … }
#define TEST(name)                                                                         \
  static void CONCAT(test_body_, __LINE__)();                                              \
  static mpin_test::Case CONCAT(test_case_, __LINE__)(name, CONCAT(test_body_, __LINE__)); \
  static void CONCAT(test_body_, __LINE__)()
#define CHECK(condition) mpin_test::check((condition), #condition, __FILE__, __LINE__)

#endif  // MPIN_TEST_HARNESS_H_
