// The multiplications of a four-word prime field for x86-64 with BMI2 and ADX: mulx leaves the
// flags alone, adcx carries in CF and adox in OF, so the low and the high halves of a row of
// products run in two carry chains at once (Ozturk, Guilford, Gopal, Feghali 2012). Written in
// assembly because compilers turn _addcarryx_u64 into one chain of plain adc.
#ifndef MPIN_ARCH_ENGINE_ADX_H_
#define MPIN_ARCH_ENGINE_ADX_H_

#include "limbs.h"

namespace mpin {

struct AdxEngine {
// A row of mul_wide: its lowest word is complete and stored, low halves carry in CF, high in OF.
// clang-format off
#define MPIN_ADX_WIDE_ROW(at, w0, w1, w2, w3, top) \
  "movq " at "(%[a]), %%rdx\n\t"                   \
  "xorl %k[" top "], %k[" top "]\n\t"              \
  "mulxq 0(%[b]), %[lo], %[hi]\n\t"                \
  "adcxq %[lo], %[" w0 "]\n\t"                     \
  "adoxq %[hi], %[" w1 "]\n\t"                     \
  "movq %[" w0 "], " at "(%[r])\n\t"               \
  "mulxq 8(%[b]), %[lo], %[hi]\n\t"                \
  "adcxq %[lo], %[" w1 "]\n\t"                     \
  "adoxq %[hi], %[" w2 "]\n\t"                     \
  "mulxq 16(%[b]), %[lo], %[hi]\n\t"               \
  "adcxq %[lo], %[" w2 "]\n\t"                     \
  "adoxq %[hi], %[" w3 "]\n\t"                     \
  "mulxq 24(%[b]), %[lo], %[hi]\n\t"               \
  "adcxq %[lo], %[" w3 "]\n\t"                     \
  "adoxq %[" top "], %[hi]\n\t"                    \
  "adcxq %[hi], %[" top "]\n\t"
  // clang-format on

  // mul_wide: r = a·b, all 8 words. In: any. r must not alias a or b.
  MPIN_MEMBER_INLINE void mul_wide(uint64_t r[8], const uint64_t a[4], const uint64_t b[4]) {
    uint64_t t0, t1, t2, t3, t4, lo, hi;
    __asm__(
        // Row 0: t = a0·b, one chain is enough.
        "movq 0(%[a]), %%rdx\n\t"
        "xorl %k[lo], %k[lo]\n\t"
        "mulxq 0(%[b]), %[t0], %[t1]\n\t"
        "movq %[t0], 0(%[r])\n\t"
        "mulxq 8(%[b]), %[lo], %[t2]\n\t"
        "adcxq %[lo], %[t1]\n\t"
        "mulxq 16(%[b]), %[lo], %[t3]\n\t"
        "adcxq %[lo], %[t2]\n\t"
        "mulxq 24(%[b]), %[lo], %[t4]\n\t"
        "adcxq %[lo], %[t3]\n\t"
        "movl $0, %k[lo]\n\t"
        "adcxq %[lo], %[t4]\n\t"
        // A row takes the words of the last one, and its own top word where the first was.
        MPIN_ADX_WIDE_ROW("8", "t1", "t2", "t3", "t4", "t0")   //
        MPIN_ADX_WIDE_ROW("16", "t2", "t3", "t4", "t0", "t1")  //
        MPIN_ADX_WIDE_ROW("24", "t3", "t4", "t0", "t1", "t2")
        "movq %[t4], 32(%[r])\n\t"
        "movq %[t0], 40(%[r])\n\t"
        "movq %[t1], 48(%[r])\n\t"
        "movq %[t2], 56(%[r])\n\t"
        : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4),
          [lo] "=&r"(lo), [hi] "=&r"(hi), "=m"(*reinterpret_cast<uint64_t (*)[8]>(r))
        : [r] "r"(r), [a] "r"(a), [b] "r"(b), "m"(*reinterpret_cast<const uint64_t (*)[4]>(a)),
          "m"(*reinterpret_cast<const uint64_t (*)[4]>(b))
        : "rdx", "cc");
  }
#undef MPIN_ADX_WIDE_ROW

  // mul: r = a·b / 2^256 mod m, a row of the product and a row of the reduction in turn.
  // In: a·b < 2^256·m, b < 2^255.  Out: < 2m.
  template <class M>
  MPIN_MEMBER_INLINE void mul(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
    uint64_t t0, t1, t2, t3, t4, lo;
#define MPIN_ADX_REDUCE              \
  "movq %[t0], %%rdx\n\t"            \
  "imulq %[ninv], %%rdx\n\t"         \
  "xorl %k[lo], %k[lo]\n\t"          \
  "mulxq 0(%[m]), %[lo], %%rax\n\t"  \
  "adcxq %[t0], %[lo]\n\t"           \
  "movq %%rax, %[t0]\n\t"            \
  "adcxq %[t1], %[t0]\n\t"           \
  "mulxq 8(%[m]), %[lo], %[t1]\n\t"  \
  "adoxq %[lo], %[t0]\n\t"           \
  "adcxq %[t2], %[t1]\n\t"           \
  "mulxq 16(%[m]), %[lo], %[t2]\n\t" \
  "adoxq %[lo], %[t1]\n\t"           \
  "adcxq %[t3], %[t2]\n\t"           \
  "mulxq 24(%[m]), %[lo], %[t3]\n\t" \
  "adoxq %[lo], %[t2]\n\t"           \
  "movl $0, %%eax\n\t"               \
  "adcxq %%rax, %[t3]\n\t"           \
  "adoxq %[t4], %[t3]\n\t"
#define MPIN_ADX_ROW(offset)         \
  "movq " offset                     \
  "(%[a]), %%rdx\n\t"                \
  "xorl %k[lo], %k[lo]\n\t"          \
  "mulxq 0(%[b]), %[lo], %[t4]\n\t"  \
  "adoxq %[lo], %[t0]\n\t"           \
  "adcxq %[t4], %[t1]\n\t"           \
  "mulxq 8(%[b]), %[lo], %[t4]\n\t"  \
  "adoxq %[lo], %[t1]\n\t"           \
  "adcxq %[t4], %[t2]\n\t"           \
  "mulxq 16(%[b]), %[lo], %[t4]\n\t" \
  "adoxq %[lo], %[t2]\n\t"           \
  "adcxq %[t4], %[t3]\n\t"           \
  "mulxq 24(%[b]), %[lo], %[t4]\n\t" \
  "adoxq %[lo], %[t3]\n\t"           \
  "movl $0, %%eax\n\t"               \
  "adcxq %%rax, %[t4]\n\t"           \
  "adoxq %%rax, %[t4]\n\t"
    __asm__(
        "movq 0(%[a]), %%rdx\n\t"
        "xorl %k[lo], %k[lo]\n\t"
        "mulxq 0(%[b]), %[t0], %[t1]\n\t"
        "mulxq 8(%[b]), %[lo], %[t2]\n\t"
        "adoxq %[lo], %[t1]\n\t"
        "mulxq 16(%[b]), %[lo], %[t3]\n\t"
        "adoxq %[lo], %[t2]\n\t"
        "mulxq 24(%[b]), %[lo], %[t4]\n\t"
        "adoxq %[lo], %[t3]\n\t"
        "movl $0, %%eax\n\t"
        "adoxq %%rax, %[t4]\n\t" MPIN_ADX_REDUCE MPIN_ADX_ROW("8")
            MPIN_ADX_REDUCE MPIN_ADX_ROW("16") MPIN_ADX_REDUCE MPIN_ADX_ROW("24") MPIN_ADX_REDUCE
        : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4),
          [lo] "=&r"(lo)
        : [a] "r"(a), [b] "r"(b), [m] "r"(M::kModulus), [ninv] "rm"(M::kMinusInverse),
          "m"(*reinterpret_cast<const uint64_t (*)[4]>(a)),
          "m"(*reinterpret_cast<const uint64_t (*)[4]>(b)),
          "m"(*reinterpret_cast<const uint64_t (*)[4]>(M::kModulus))
        : "rax", "rdx", "cc");
#undef MPIN_ADX_ROW
#undef MPIN_ADX_REDUCE
    r[0] = t0;
    r[1] = t1;
    r[2] = t2;
    r[3] = t3;
  }

  // redc: r = t / 2^256 mod m, not finally subtracted (Montgomery 1985).
  // In: t < 2^256·m.  Out: < 2m.
  // The high half of t is added after four rows of reduction have folded the low half: in between
  // the rows need no fifth word, as q·m + low < 2^64·m.
  template <class M>
  MPIN_MEMBER_INLINE void redc(uint64_t r[4], const uint64_t t[8]) {
    uint64_t t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3], lo;
#define MPIN_ADX_FOLD                \
  "movq %[t0], %%rdx\n\t"            \
  "imulq %[ninv], %%rdx\n\t"         \
  "xorl %k[lo], %k[lo]\n\t"          \
  "mulxq 0(%[m]), %[lo], %%rax\n\t"  \
  "adcxq %[t0], %[lo]\n\t"           \
  "movq %%rax, %[t0]\n\t"            \
  "adcxq %[t1], %[t0]\n\t"           \
  "mulxq 8(%[m]), %[lo], %[t1]\n\t"  \
  "adoxq %[lo], %[t0]\n\t"           \
  "adcxq %[t2], %[t1]\n\t"           \
  "mulxq 16(%[m]), %[lo], %[t2]\n\t" \
  "adoxq %[lo], %[t1]\n\t"           \
  "adcxq %[t3], %[t2]\n\t"           \
  "mulxq 24(%[m]), %[lo], %[t3]\n\t" \
  "adoxq %[lo], %[t2]\n\t"           \
  "movl $0, %%eax\n\t"               \
  "adcxq %%rax, %[t3]\n\t"           \
  "adoxq %%rax, %[t3]\n\t"
    __asm__(MPIN_ADX_FOLD MPIN_ADX_FOLD MPIN_ADX_FOLD MPIN_ADX_FOLD
            "addq 32(%[t]), %[t0]\n\t"
            "adcq 40(%[t]), %[t1]\n\t"
            "adcq 48(%[t]), %[t2]\n\t"
            "adcq 56(%[t]), %[t3]\n\t"
            : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [lo] "=&r"(lo)
            : [t] "r"(t), [m] "r"(M::kModulus), [ninv] "rm"(M::kMinusInverse),
              "m"(*reinterpret_cast<const uint64_t (*)[8]>(t)),
              "m"(*reinterpret_cast<const uint64_t (*)[4]>(M::kModulus))
            : "rax", "rdx", "cc");
#undef MPIN_ADX_FOLD
    r[0] = t0;
    r[1] = t1;
    r[2] = t2;
    r[3] = t3;
  }

  // sqr_wide: r = a², six products doubled plus four squares. In: any. r must not alias a.
  MPIN_MEMBER_INLINE void sqr_wide(uint64_t r[8], const uint64_t a[4]) {
    uint64_t t1, t2, t3, t4, t5, t6, t7, lo, hi;
    __asm__(
        // Products of different words: t1 … t6.
        "movq 0(%[a]), %%rdx\n\t"
        "xorl %k[t7], %k[t7]\n\t"
        "mulxq 8(%[a]), %[t1], %[t2]\n\t"
        "mulxq 16(%[a]), %[lo], %[t3]\n\t"
        "adcxq %[lo], %[t2]\n\t"
        "mulxq 24(%[a]), %[lo], %[t4]\n\t"
        "adcxq %[lo], %[t3]\n\t"
        "adcxq %[t7], %[t4]\n\t"
        "movq 8(%[a]), %%rdx\n\t"
        "mulxq 16(%[a]), %[lo], %[hi]\n\t"
        "adcxq %[lo], %[t3]\n\t"
        "adoxq %[hi], %[t4]\n\t"
        "mulxq 24(%[a]), %[lo], %[t5]\n\t"
        "adcxq %[lo], %[t4]\n\t"
        "adoxq %[t7], %[t5]\n\t"
        "adcxq %[t7], %[t5]\n\t"
        "movq 16(%[a]), %%rdx\n\t"
        "mulxq 24(%[a]), %[lo], %[t6]\n\t"
        "adcxq %[lo], %[t5]\n\t"
        "adcxq %[t7], %[t6]\n\t"
        // Doubled in the CF chain, the squares added in the OF chain.
        "xorl %k[lo], %k[lo]\n\t"
        "movq 0(%[a]), %%rdx\n\t"
        "mulxq %%rdx, %[lo], %[hi]\n\t"
        "movq %[lo], 0(%[r])\n\t"
        "adcxq %[t1], %[t1]\n\t"
        "adoxq %[hi], %[t1]\n\t"
        "movq %[t1], 8(%[r])\n\t"
        "movq 8(%[a]), %%rdx\n\t"
        "mulxq %%rdx, %[lo], %[hi]\n\t"
        "adcxq %[t2], %[t2]\n\t"
        "adoxq %[lo], %[t2]\n\t"
        "movq %[t2], 16(%[r])\n\t"
        "adcxq %[t3], %[t3]\n\t"
        "adoxq %[hi], %[t3]\n\t"
        "movq %[t3], 24(%[r])\n\t"
        "movq 16(%[a]), %%rdx\n\t"
        "mulxq %%rdx, %[lo], %[hi]\n\t"
        "adcxq %[t4], %[t4]\n\t"
        "adoxq %[lo], %[t4]\n\t"
        "movq %[t4], 32(%[r])\n\t"
        "adcxq %[t5], %[t5]\n\t"
        "adoxq %[hi], %[t5]\n\t"
        "movq %[t5], 40(%[r])\n\t"
        "movq 24(%[a]), %%rdx\n\t"
        "mulxq %%rdx, %[lo], %[hi]\n\t"
        "adcxq %[t6], %[t6]\n\t"
        "adoxq %[lo], %[t6]\n\t"
        "movq %[t6], 48(%[r])\n\t"
        "adcxq %[t7], %[t7]\n\t"
        "adoxq %[hi], %[t7]\n\t"
        "movq %[t7], 56(%[r])\n\t"
        : [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5),
          [t6] "=&r"(t6), [t7] "=&r"(t7), [lo] "=&r"(lo), [hi] "=&r"(hi),
          "=m"(*reinterpret_cast<uint64_t (*)[8]>(r))
        : [r] "r"(r), [a] "r"(a), "m"(*reinterpret_cast<const uint64_t (*)[4]>(a))
        : "rdx", "cc");
  }
};

}  // namespace mpin

#endif  // MPIN_ARCH_ENGINE_ADX_H_
