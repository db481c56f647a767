// Layer norm of one row for AVX-512, bit for bit as norm_naive.h.
#pragma once

#include <math.h>

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

DURI_AVX512 DURI_INLINE __mmask16 lanes(size_t n) {
  return n >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << n) - 1);
}

// Sum of 16 lanes by halves.
DURI_AVX512 DURI_INLINE double sum_lanes(__m512d low, __m512d high) {
  const __m512d s8 = _mm512_add_pd(low, high);
  const __m256d s4 = _mm256_add_pd(_mm512_castpd512_pd256(s8), _mm512_extractf64x4_pd(s8, 1));
  const __m128d s2 = _mm_add_pd(_mm256_castpd256_pd128(s4), _mm256_extractf128_pd(s4, 1));
  return _mm_cvtsd_f64(_mm_add_sd(s2, _mm_unpackhi_pd(s2, s2)));
}

// The mean in two parts, so that a mean far from zero costs no digits, and 1 / deviation.
typedef struct norm_terms {
  __m512 high, low, inverse;
} norm_terms;

DURI_AVX512 DURI_INLINE norm_terms norm_terms_of(const float *x, size_t n, float eps) {
  __m512d left = _mm512_setzero_pd(), right = left;
  for (size_t j = 0; j < n; j += 16) {
    const __m512 v = _mm512_maskz_loadu_ps(lanes(n - j), x + j);
    left = _mm512_add_pd(left, _mm512_cvtps_pd(_mm512_castps512_ps256(v)));
    right = _mm512_add_pd(right, _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)));
  }
  const double mean = sum_lanes(left, right) / (double)n;
  const __m512d center = _mm512_set1_pd(mean);
  left = right = _mm512_setzero_pd();
  for (size_t j = 0; j < n; j += 16) {
    const __mmask16 mask = lanes(n - j);
    const __m512 v = _mm512_maskz_loadu_ps(mask, x + j);
    const __m512d a =
        _mm512_maskz_sub_pd((__mmask8)mask, _mm512_cvtps_pd(_mm512_castps512_ps256(v)), center);
    const __m512d b = _mm512_maskz_sub_pd((__mmask8)(mask >> 8),
                                          _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)), center);
    left = _mm512_fmadd_pd(a, a, left);
    right = _mm512_fmadd_pd(b, b, right);
  }
  const double variance = sum_lanes(left, right) / (double)n;
  const float high = (float)mean, low = (float)(mean - (double)high);
  return (norm_terms){
      .high = _mm512_set1_ps(high),
      .low = _mm512_set1_ps(low),
      .inverse = _mm512_set1_ps((float)(1 / sqrt(variance + eps))),
  };
}

// The masked 16 values of the row, normalized; zeros elsewhere.
DURI_AVX512 DURI_INLINE __m512 normalized(const float *x, const float *gamma, const float *beta,
                                          __mmask16 mask, norm_terms terms) {
  __m512 v = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x), terms.high);
  v = _mm512_mul_ps(_mm512_sub_ps(v, terms.low), terms.inverse);
  return _mm512_maskz_fmadd_ps(mask, v, _mm512_maskz_loadu_ps(mask, gamma),
                               _mm512_maskz_loadu_ps(mask, beta));
}

#endif
