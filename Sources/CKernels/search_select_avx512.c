// Which scores are good enough, for AVX-512; and the table of that variant.

#include "search_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Bits 16 * r / 16 ... of `live`, which begin at a multiple of 16.
DURI_INLINE uint32_t live_bits(const uint64_t *live, size_t r) {
  return live == NULL ? UINT32_MAX : (uint32_t)(live[r / 64] >> r % 64);
}

DURI_SEARCH_AVX512 static size_t above(uint32_t *found, const float *scores, const float *scales,
                                       float margin, size_t count, float threshold,
                                       const uint64_t *live) {
  const __m512 limit = _mm512_set1_ps(threshold), factor = _mm512_set1_ps(margin);
  size_t taken = 0;
  for (size_t r = 0; r < count; r += 16) {
    const size_t rest = count - r;
    const __mmask16 mask = rest < 16 ? (__mmask16)((1u << rest) - 1) : (__mmask16)0xFFFF;
    const __m512 bound = _mm512_fmadd_ps(factor, _mm512_maskz_loadu_ps(mask, scales + r),
                                         _mm512_maskz_loadu_ps(mask, scores + r));
    unsigned hits = _mm512_mask_cmp_ps_mask(mask, bound, limit, _CMP_GT_OQ);
    for (hits &= live_bits(live, r); hits != 0; hits &= hits - 1) {
      found[taken++] = (uint32_t)r + (uint32_t)__builtin_ctz(hits);
    }
  }
  return taken;
}

DURI_SEARCH_AVX512 static size_t below(uint32_t *found, const uint16_t *scores, size_t count,
                                       uint16_t threshold, const uint64_t *live) {
  const __m512i limit = _mm512_set1_epi16((short)threshold);
  size_t taken = 0;
  for (size_t r = 0; r < count; r += 32) {
    const size_t rest = count - r;
    const __mmask32 mask = rest < 32 ? (1u << rest) - 1 : UINT32_MAX;
    const __m512i v = _mm512_maskz_loadu_epi16(mask, scores + r);
    uint32_t hits = _mm512_mask_cmplt_epu16_mask(mask, v, limit);
    for (hits &= live_bits(live, r); hits != 0; hits &= hits - 1) {
      found[taken++] = (uint32_t)r + (uint32_t)__builtin_ctz(hits);
    }
  }
  return taken;
}

const duri_search_kernels duri_search_avx512 = {
    .name = "avx512",
    .dot_f32 = duri_search_dot_f32_avx512,
    .dot_int8 = duri_search_dot_int8_avx512,
    .mismatch = duri_search_mismatch_avx512,
    .dot_f32_at = duri_search_dot_f32_at_avx512,
    .dot_int8_at = duri_search_dot_int8_at_avx512,
    .above = above,
    .below = below,
};
#endif
