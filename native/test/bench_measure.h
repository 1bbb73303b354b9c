// Timing for the benches: medians and minima in nanoseconds, of the thread's CPU time, so that a
// busy machine disturbs less.
#ifndef MPIN_TEST_BENCH_MEASURE_H_
#define MPIN_TEST_BENCH_MEASURE_H_

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace mpin_bench {

template <class T>
void consume(T& value) {
  __asm__ volatile("" : : "r"(&value) : "memory");
}

inline double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// measure: prints the time of one operation, over batches of `inner` calls of so many operations
// each.
template <class Call>
void measure(const char* name, int inner, Call call, int operations = 1) {
  constexpr int kRounds = 101;
  std::vector<double> times;
  for (int round = -10; round < kRounds; round++) {
    const double start = now();
    for (int i = 0; i < inner; i++)
      call(round < 0 ? i : round * inner + i);
    const double spent = now() - start;
    if (round >= 0) times.push_back(spent / inner / operations);
  }
  std::sort(times.begin(), times.end());
  std::printf("%-24s %10.1f %10.1f\n", name, times[kRounds / 2], times[0]);
}

}  // namespace mpin_bench

#endif  // MPIN_TEST_BENCH_MEASURE_H_
