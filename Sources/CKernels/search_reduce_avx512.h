// Sums of the lanes of 16 registers at once, in the order of CKernelsSearch.h.
#pragma once

#include "search_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// result[j] = ((s[i] + s[i + 8]) + ...)[0] of register j; 45 instructions.
#define DURI_REDUCE_16(NAME, TYPE, FLOAT, BACK, ADD)                                          \
  DURI_SEARCH_AVX512 DURI_INLINE TYPE NAME(const TYPE s[16]) {                                \
    __m512 x[16], y[8], z[4], t[2];                                                           \
    for (size_t j = 0; j < 16; j++) x[j] = FLOAT(s[j]);                                       \
    /* Registers j and j + 4, halves: eight lanes each. */                                    \
    for (size_t g = 0; g < 4; g++) {                                                          \
      for (size_t h = 0; h < 2; h++) {                                                        \
        const __m512 a = x[g + 8 * h], b = x[g + 8 * h + 4];                                  \
        y[2 * g + h] = FLOAT(ADD(BACK(_mm512_shuffle_f32x4(a, b, 0x44)),                      \
                                 BACK(_mm512_shuffle_f32x4(a, b, 0xEE))));                    \
      }                                                                                       \
    }                                                                                         \
    /* Registers g, g + 4, g + 8, g + 12: four lanes each. */                                 \
    for (size_t g = 0; g < 4; g++) {                                                          \
      const __m512 a = y[2 * g], b = y[2 * g + 1];                                            \
      z[g] = FLOAT(ADD(BACK(_mm512_shuffle_f32x4(a, b, 0x88)),                                \
                       BACK(_mm512_shuffle_f32x4(a, b, 0xDD))));                              \
    }                                                                                         \
    for (size_t g = 0; g < 2; g++) {                                                          \
      const __m512d a = _mm512_castps_pd(z[2 * g]), b = _mm512_castps_pd(z[2 * g + 1]);       \
      t[g] = FLOAT(ADD(BACK(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b))),                      \
                       BACK(_mm512_castpd_ps(_mm512_unpackhi_pd(a, b)))));                    \
    }                                                                                         \
    return ADD(BACK(_mm512_shuffle_ps(t[0], t[1], 0x88)),                                     \
               BACK(_mm512_shuffle_ps(t[0], t[1], 0xDD)));                                    \
  }

#define DURI_SAME(v) (v)
DURI_REDUCE_16(duri_reduce_f32, __m512, DURI_SAME, DURI_SAME, _mm512_add_ps)
DURI_REDUCE_16(duri_reduce_i32, __m512i, _mm512_castsi512_ps, _mm512_castps_si512,
               _mm512_add_epi32)
#undef DURI_SAME

// Rows computed together by one query.
enum { DURI_SEARCH_ROWS = 16 };

// A mask of the lowest `count` of 16 lanes, count <= 16.
DURI_INLINE __mmask16 duri_mask16(size_t count) { return (__mmask16)((1u << count) - 1); }
#endif
