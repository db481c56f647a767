// Quantization and layer norm for AVX-512; bit for bit as int8_naive.c. (Packing is bound by
// memory: the AVX2 kernel serves.)

#include "int8_variants.h"
#include "norm_avx512.h"

#if defined(__x86_64__)
#include <immintrin.h>

// 0 in every lane, NaN in those where x was ever not finite.
DURI_AVX512 DURI_INLINE __m512 spoil(__m512 x, __m512 spoiled) {
  return _mm512_fmadd_ps(x, _mm512_setzero_ps(), spoiled);
}

DURI_AVX512 DURI_INLINE int is_clean(__m512 spoiled) {
  return _mm512_cmp_ps_mask(spoiled, spoiled, _CMP_UNORD_Q) == 0;
}

// MARK: Quantization

// q (KP) from x (inputs), whose range is known.
DURI_AVX512 DURI_INLINE void quantize_row(uint8_t *q, float *scale, int32_t *zero, const float *x,
                                          size_t inputs, __m512 low, __m512 high, __m512 spoiled) {
  const int finite = is_clean(spoiled);
  const __m512 factor = _mm512_set1_ps(duri_int8_row_scale(
      _mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high), finite, scale, zero));
  const __m512i offset = _mm512_set1_epi32(*zero), none = _mm512_setzero_si512();
  size_t i = 0;
  for (; finite && i + 16 <= inputs; i += 16) {
    __m512i v = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + i), factor));
    v = _mm512_max_epi32(_mm512_add_epi32(v, offset), none);
    _mm_storeu_si128((__m128i *)(void *)(q + i), _mm512_cvtusepi32_epi8(v));
  }
  for (; i < duri_int8_depth(inputs); i += 16) {
    const __mmask16 mask = finite && i < inputs ? lanes(inputs - i) : 0;
    __m512i v = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), factor));
    v = _mm512_maskz_max_epi32(mask, _mm512_add_epi32(v, offset), none);
    _mm_storeu_si128((__m128i *)(void *)(q + i), _mm512_cvtusepi32_epi8(v));
  }
}

DURI_AVX512 void duri_int8_quantize_avx512(uint8_t *q, size_t ldq, float *scale, int32_t *zero,
                                           const float *x, size_t ldx, size_t rows, size_t inputs) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    __m512 low[2], high[2], spoiled[2];
    for (int j = 0; j < 2; j++) low[j] = high[j] = spoiled[j] = _mm512_setzero_ps();
    size_t i = 0;
    for (; i + 32 <= inputs; i += 32) {
#pragma clang loop unroll(full)
      for (int j = 0; j < 2; j++) {
        const __m512 v = _mm512_loadu_ps(x_t + i + 16 * j);
        low[j] = _mm512_min_ps(low[j], v);
        high[j] = _mm512_max_ps(high[j], v);
        spoiled[j] = spoil(v, spoiled[j]);
      }
    }
    for (; i < inputs; i += 16) {
      const __m512 v = _mm512_maskz_loadu_ps(lanes(inputs - i), x_t + i);
      low[0] = _mm512_min_ps(low[0], v);
      high[0] = _mm512_max_ps(high[0], v);
      spoiled[0] = spoil(v, spoiled[0]);
    }
    quantize_row(q + t * ldq, scale + t, zero + t, x_t, inputs, _mm512_min_ps(low[0], low[1]),
                 _mm512_max_ps(high[0], high[1]), _mm512_add_ps(spoiled[0], spoiled[1]));
  }
}

// MARK: Norm

DURI_AVX512 void duri_int8_norm_quantize_avx512(float *y, size_t ldy, uint8_t *q, size_t ldq,
                                                float *scale, int32_t *zero, const float *x,
                                                size_t ldx, const float *gamma, const float *beta,
                                                float eps, size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    float *y_t = y + t * ldy;
    const norm_terms terms = norm_terms_of(x_t, n, eps);
    __m512 low = _mm512_setzero_ps(), high = low, spoiled = low;
    for (size_t j = 0; j < n; j += 16) {
      const __mmask16 mask = lanes(n - j);
      const __m512 v = normalized(x_t + j, gamma + j, beta + j, mask, terms);
      _mm512_mask_storeu_ps(y_t + j, mask, v);
      low = _mm512_min_ps(low, v);
      high = _mm512_max_ps(high, v);
      spoiled = spoil(v, spoiled);
    }
    quantize_row(q + t * ldq, scale + t, zero + t, y_t, n, low, high, spoiled);
  }
}

#endif
