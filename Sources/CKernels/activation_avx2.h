// exp, erf and the activations on vectors of 8: of the f32 rows and of the products' epilogues.
#pragma once

#include "gelu_table.h"
#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Operand order of min and max matters below: when an operand is NaN the second one is returned, so
// x comes second and a NaN survives.

// exp(x), relative error 1.5 ulp; below -87.3365 the smallest normal number.
DURI_AVX2 DURI_INLINE __m256 vector_exp(__m256 x) {
  x = _mm256_max_ps(_mm256_set1_ps(DURI_EXP_MIN), x);
  x = _mm256_min_ps(_mm256_set1_ps(DURI_EXP_MAX), x);
  const __m256 k = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(DURI_LOG2_E)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(DURI_LN2_HIGH), x);
  r = _mm256_fnmadd_ps(k, _mm256_set1_ps(DURI_LN2_LOW), r);
  __m256 p = _mm256_set1_ps(DURI_EXP_4);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(DURI_EXP_3));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(DURI_EXP_2));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(DURI_EXP_1));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(DURI_EXP_0));
  p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
  p = _mm256_add_ps(p, _mm256_set1_ps(1));
  // Times 2^k, by adding k to the exponent: -126 <= k <= 127 and 0.7 < p < 1.42.
  const __m256i power =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(power));
}

// erf(x), absolute error 1.2e-7 (2 ulp of 1).
DURI_AVX2 DURI_INLINE __m256 vector_erf(__m256 x) {
  const __m256 sign = _mm256_and_ps(x, _mm256_set1_ps(-0.0f));
  const __m256 a = _mm256_min_ps(_mm256_set1_ps(4), _mm256_xor_ps(x, sign));
  const __m256 s = _mm256_mul_ps(a, a);
  __m256 near = _mm256_set1_ps(DURI_ERF_6);
  near = _mm256_fmadd_ps(near, s, _mm256_set1_ps(DURI_ERF_5));
  near = _mm256_fmadd_ps(near, s, _mm256_set1_ps(DURI_ERF_4));
  near = _mm256_fmadd_ps(near, s, _mm256_set1_ps(DURI_ERF_3));
  near = _mm256_fmadd_ps(near, s, _mm256_set1_ps(DURI_ERF_2));
  near = _mm256_fmadd_ps(near, s, _mm256_set1_ps(DURI_ERF_1));
  near = _mm256_fmadd_ps(near, s, _mm256_set1_ps(DURI_ERF_0));
  near = _mm256_mul_ps(near, a);
  __m256 far = _mm256_set1_ps(DURI_ERFC_8);
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_7));
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_6));
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_5));
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_4));
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_3));
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_2));
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_1));
  far = _mm256_fmadd_ps(far, a, _mm256_set1_ps(DURI_ERFC_0));
  far = _mm256_sub_ps(_mm256_set1_ps(1), vector_exp(far));
  const __m256 is_far = _mm256_cmp_ps(a, _mm256_set1_ps(1), _CMP_GT_OQ);
  return _mm256_or_ps(_mm256_blendv_ps(near, far, is_far), sign);
}

DURI_AVX2 DURI_INLINE __m256 vector_activation(__m256 x, duri_activation function) {
  const __m256 half = _mm256_mul_ps(_mm256_set1_ps(0.5f), x);
  if (function == DURI_GELU_ERF) {
    const __m256 e = vector_erf(_mm256_mul_ps(x, _mm256_set1_ps(0.70710678118654752f)));
    return _mm256_fmadd_ps(half, e, half);
  }
  if (function == DURI_GELU_TANH) {
    // 0.5 * (1 + tanh(u)) = 1 / (1 + exp(-2u))
    const __m256 cube = _mm256_mul_ps(_mm256_mul_ps(x, x), x);
    const __m256 u = _mm256_fmadd_ps(cube, _mm256_set1_ps(0.044715f), x);
    const __m256 e = vector_exp(_mm256_mul_ps(u, _mm256_set1_ps(-2 * 0.79788456080286536f)));
    return _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1), e));
  }
  return _mm256_max_ps(_mm256_setzero_ps(), x);
}

// GELU-erf by the table.
// Entry i mod 16 of a row of the table.
DURI_AVX2 DURI_INLINE __m256 entry(const float *row, __m256i i) {
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_load_ps(row), i);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_load_ps(row + 8), i);
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)));
}

DURI_AVX2 DURI_INLINE __m256 gelu_table(__m256 x) {
  const __m256 sign = _mm256_set1_ps(-0.0f), shift = _mm256_set1_ps(DURI_PHI_ROUND);
  __m256 u = _mm256_mul_ps(_mm256_andnot_ps(sign, x), _mm256_set1_ps(DURI_PHI_STEPS));
  u = _mm256_min_ps(_mm256_set1_ps(15), u);
  const __m256 rounded = _mm256_add_ps(u, shift);
  const __m256 r = _mm256_sub_ps(u, _mm256_sub_ps(rounded, shift));
  const __m256i i = _mm256_castps_si256(rounded);
  __m256 phi = entry(duri_phi[3], i);
  phi = _mm256_fmadd_ps(phi, r, entry(duri_phi[2], i));
  phi = _mm256_fmadd_ps(phi, r, entry(duri_phi[1], i));
  phi = _mm256_fmadd_ps(phi, r, entry(duri_phi[0], i));
  phi = _mm256_or_ps(_mm256_andnot_ps(sign, phi), _mm256_and_ps(sign, x));
  return _mm256_fmadd_ps(x, phi, _mm256_mul_ps(_mm256_set1_ps(0.5f), x));
}

#endif
