// mpin_test [--vectors FILE] [FILTER]: runs all cases, or those whose name contains FILTER.
// mpin_test --kernel: says which kernel this process uses.
// TEST_SEED repeats a run, TEST_ITERATIONS multiplies the random tries.
#include <cstdlib>
#include <cstring>
#include <random>

#include "mpin.h"
#include "test_harness.h"

namespace mpin_test {
namespace {

Case* first_case = nullptr;
int passed = 0, failed = 0, failed_in_case = 0;
uint64_t state = 0;

}  // namespace

Case::Case(const char* name_, void (*run_)()) : name(name_), run(run_), next(first_case) {
  first_case = this;
}

void check(bool condition, const char* what, const char* file, int line) {
  if (condition) {
    passed++;
    return;
  }
  failed++;
  const char* base = std::strrchr(file, '/');
  if (failed_in_case++ < 5)
    std::printf("  FAILED %s:%d: %s\n", base != nullptr ? base + 1 : file, line, what);
}

// splitmix64 (Steele, Lea, Flood 2014): good enough to find errors, and repeatable.
uint64_t random_word() {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void random_bytes(uint8_t* out, size_t len) {
  for (size_t i = 0; i < len; i++)
    out[i] = static_cast<uint8_t>(random_word());
}

void hostile_words(uint64_t* out, int n) {
  const uint64_t kind = random_word() % 3;
  if (kind < 2) {
    for (int i = 0; i < n; i++)
      out[i] = kind == 0 ? random_word() : random_word() | random_word() | random_word();
    return;
  }
  uint64_t bit = random_word() & 1, left = 0;
  for (int i = 0; i < n; i++)
    out[i] = 0;
  for (int i = 0; i < 64 * n; i++) {
    if (left-- == 0) {
      left = random_word() % 96;
      bit ^= 1;
    }
    out[i / 64] |= bit << (i % 64);
  }
}

int iterations(int n) {
  static const char* factor = std::getenv("TEST_ITERATIONS");
  return factor != nullptr ? n * std::atoi(factor) : n;
}

std::string to_hex(const uint8_t* data, size_t len) {
  std::string out;
  for (size_t i = 0; i < len; i++) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", data[i]);
    out += digits;
  }
  return out;
}

static int run(const char* filter, const char* vectors) {
  const char* seed = std::getenv("TEST_SEED");
  state = seed != nullptr ? std::strtoull(seed, nullptr, 0) : std::random_device{}();
  std::printf("TEST_SEED=%llu\n", static_cast<unsigned long long>(state));
  Case* ordered = nullptr;  // Registration put the last one first.
  for (Case* c = first_case; c != nullptr;) {
    Case* next = c->next;
    c->next = ordered;
    ordered = c;
    c = next;
  }
  for (Case* c = vectors != nullptr ? nullptr : ordered; c != nullptr; c = c->next) {
    if (filter != nullptr && std::strstr(c->name, filter) == nullptr) continue;
    failed_in_case = 0;
    c->run();
    std::printf("%s - %s\n", failed_in_case == 0 ? "ok" : "not ok", c->name);
  }
  if (vectors != nullptr) run_vectors(vectors);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace mpin_test

int main(int argc, char** argv) {
  const char *filter = nullptr, *vectors = nullptr;
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--kernel") == 0) {
      const char* error = mpin::kernel_error();
      std::printf("%s: %s%s\n", mpin::kernel_name(), error != nullptr ? "refused: " : "ok",
                  error != nullptr ? error : "");
      return error != nullptr || !mpin::self_test() ? 1 : 0;
    }
    if (std::strcmp(argv[i], "--vectors") == 0 && i + 1 < argc)
      vectors = argv[++i];
    else
      filter = argv[i];
  }
  return mpin_test::run(filter, vectors);
}
