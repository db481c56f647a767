// exp, erf and the activations on vectors of 16: of the f32 rows and of the products' epilogues.
#pragma once

#include "gelu_table.h"
#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Operand order of min and max matters below: when an operand is NaN the second one is returned, so
// x comes second and a NaN survives.

// exp(x), relative error 1.5 ulp; below -87.3365 the smallest normal number.
DURI_AVX512 DURI_INLINE __m512 vector_exp(__m512 x) {
  x = _mm512_max_ps(_mm512_set1_ps(DURI_EXP_MIN), x);
  x = _mm512_min_ps(_mm512_set1_ps(DURI_EXP_MAX), x);
  const __m512 k = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(DURI_LOG2_E)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(k, _mm512_set1_ps(DURI_LN2_HIGH), x);
  r = _mm512_fnmadd_ps(k, _mm512_set1_ps(DURI_LN2_LOW), r);
  __m512 p = _mm512_set1_ps(DURI_EXP_4);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(DURI_EXP_3));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(DURI_EXP_2));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(DURI_EXP_1));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(DURI_EXP_0));
  p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r);
  return _mm512_scalef_ps(_mm512_add_ps(p, _mm512_set1_ps(1)), k);
}

// erf(x), absolute error 1.2e-7 (2 ulp of 1).
DURI_AVX512 DURI_INLINE __m512 vector_erf(__m512 x) {
  const __m512 a = _mm512_min_ps(_mm512_set1_ps(4), _mm512_abs_ps(x)), s = _mm512_mul_ps(a, a);
  __m512 near = _mm512_set1_ps(DURI_ERF_6);
  near = _mm512_fmadd_ps(near, s, _mm512_set1_ps(DURI_ERF_5));
  near = _mm512_fmadd_ps(near, s, _mm512_set1_ps(DURI_ERF_4));
  near = _mm512_fmadd_ps(near, s, _mm512_set1_ps(DURI_ERF_3));
  near = _mm512_fmadd_ps(near, s, _mm512_set1_ps(DURI_ERF_2));
  near = _mm512_fmadd_ps(near, s, _mm512_set1_ps(DURI_ERF_1));
  near = _mm512_fmadd_ps(near, s, _mm512_set1_ps(DURI_ERF_0));
  near = _mm512_mul_ps(near, a);
  __m512 far = _mm512_set1_ps(DURI_ERFC_8);
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_7));
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_6));
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_5));
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_4));
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_3));
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_2));
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_1));
  far = _mm512_fmadd_ps(far, a, _mm512_set1_ps(DURI_ERFC_0));
  far = _mm512_sub_ps(_mm512_set1_ps(1), vector_exp(far));
  const __mmask16 is_far = _mm512_cmp_ps_mask(a, _mm512_set1_ps(1), _CMP_GT_OQ);
  const __m512 magnitude = _mm512_mask_blend_ps(is_far, near, far);
  const __m512 sign = _mm512_and_ps(x, _mm512_set1_ps(-0.0f));
  return _mm512_or_ps(magnitude, sign);
}

DURI_AVX512 DURI_INLINE __m512 vector_activation(__m512 x, duri_activation function) {
  const __m512 one = _mm512_set1_ps(1), half = _mm512_mul_ps(_mm512_set1_ps(0.5f), x);
  if (function == DURI_GELU_ERF) {
    const __m512 e = vector_erf(_mm512_mul_ps(x, _mm512_set1_ps(0.70710678118654752f)));
    return _mm512_fmadd_ps(half, e, half);
  }
  if (function == DURI_GELU_TANH) {
    // 0.5 * (1 + tanh(u)) = 1 / (1 + exp(-2u))
    const __m512 cube = _mm512_mul_ps(_mm512_mul_ps(x, x), x);
    const __m512 u = _mm512_fmadd_ps(cube, _mm512_set1_ps(0.044715f), x);
    const __m512 e = vector_exp(_mm512_mul_ps(u, _mm512_set1_ps(-2 * 0.79788456080286536f)));
    return _mm512_div_ps(x, _mm512_add_ps(one, e));
  }
  return _mm512_max_ps(_mm512_setzero_ps(), x);
}

// GELU-erf by the table.
DURI_AVX512 DURI_INLINE __m512 gelu_table(__m512 x) {
  const __m512 sign = _mm512_set1_ps(-0.0f), shift = _mm512_set1_ps(DURI_PHI_ROUND);
  __m512 u = _mm512_mul_ps(_mm512_andnot_ps(sign, x), _mm512_set1_ps(DURI_PHI_STEPS));
  u = _mm512_min_ps(_mm512_set1_ps(15), u);
  const __m512 rounded = _mm512_add_ps(u, shift);
  const __m512 r = _mm512_sub_ps(u, _mm512_sub_ps(rounded, shift));
  const __m512i i = _mm512_castps_si512(rounded);  // Of which 4 bits count.
  __m512 phi = _mm512_permutexvar_ps(i, _mm512_load_ps(duri_phi[3]));
  phi = _mm512_fmadd_ps(phi, r, _mm512_permutexvar_ps(i, _mm512_load_ps(duri_phi[2])));
  phi = _mm512_fmadd_ps(phi, r, _mm512_permutexvar_ps(i, _mm512_load_ps(duri_phi[1])));
  phi = _mm512_fmadd_ps(phi, r, _mm512_permutexvar_ps(i, _mm512_load_ps(duri_phi[0])));
  phi = _mm512_or_ps(_mm512_andnot_ps(sign, phi), _mm512_and_ps(sign, x));
  return _mm512_fmadd_ps(x, phi, _mm512_mul_ps(_mm512_set1_ps(0.5f), x));
}

#endif
