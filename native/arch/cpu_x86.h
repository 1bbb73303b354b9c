// What this CPU, and the operating system on it, can run of the x86-64 kernels.
#ifndef MPIN_ARCH_CPU_X86_H_
#define MPIN_ARCH_CPU_X86_H_

#include <cpuid.h>

#include "base.h"

#ifdef MPIN_CT_CHECK
#include <valgrind/valgrind.h>
#endif

namespace mpin {

struct CpuFeatures {
  bool adx;   // BMI2 and ADX.
  bool ifma;  // Also AVX-512 F, DQ, IFMA, VL, and the system saves their registers.
};

// enabled_states: XCR0, which register states the system saves; 0 when it does not tell. Written
// in assembly as the intrinsic is only there in code compiled for XSAVE.
MPIN_INLINE uint64_t enabled_states() {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE)) return 0;
  __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return static_cast<uint64_t>(edx) << 32 | eax;
}

MPIN_INLINE CpuFeatures cpu_features() {
  constexpr unsigned kAdx = bit_BMI2 | bit_ADX;
  constexpr unsigned kIfma = kAdx | bit_AVX512F | bit_AVX512DQ | bit_AVX512IFMA | bit_AVX512VL;
  constexpr uint64_t kStates = 0xe6;  // SSE, AVX; masks and both parts of the 512-bit registers.
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return {false, false};
#ifdef MPIN_CT_CHECK
  // Valgrind runs BMI2 and ADX, but the processor it shows has no ADX.
  if (RUNNING_ON_VALGRIND) return {true, false};
#endif
  return {(ebx & kAdx) == kAdx, (ebx & kIfma) == kIfma && (enabled_states() & kStates) == kStates};
}

}  // namespace mpin

#endif  // MPIN_ARCH_CPU_X86_H_
