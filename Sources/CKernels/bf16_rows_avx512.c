// Rounding, layer norm and the epilogue for AVX-512 without bfloat16: rounding by integers.

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

DURI_AVX512 DURI_INLINE __m256i round_by_integers(__m512 v) {
  const __m512i bits = _mm512_castps_si512(v), one = _mm512_set1_epi32(1);
  const __m512i high = _mm512_srli_epi32(bits, 16);
  __m512i r = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF));
  r = _mm512_srli_epi32(_mm512_add_epi32(r, _mm512_and_si512(high, one)), 16);
  // Subnormal: the sign alone. Not a number: quiet.
  const __mmask16 small = _mm512_testn_epi32_mask(bits, _mm512_set1_epi32(0x7F800000));
  r = _mm512_mask_and_epi32(r, small, high, _mm512_set1_epi32(0x8000));
  const __mmask16 unordered = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  r = _mm512_mask_or_epi32(r, unordered, high, _mm512_set1_epi32(0x40));
  return _mm512_cvtepi32_epi16(r);
}

#define BF16_TARGET DURI_AVX512
#define BF16_ROUND(v) round_by_integers(v)
#define BF16_NAME(name) duri_bf16_##name##_avx512
#include "bf16_rows_avx512_body.h"

#endif
