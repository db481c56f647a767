// Softmax, activations and layer norm for AVX-512. Tails are masked lanes: a row is summed in 16
// (or 8 double) lanes and one fixed tree, whatever its length.

#include <math.h>

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

DURI_AVX512 DURI_INLINE __mmask16 lanes(size_t n) {
  return n >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << n) - 1);
}

DURI_AVX512 DURI_INLINE void activate_row(float *x, const float *bias, size_t n,
                                          const duri_activation function) {
  for (size_t j = 0; j < n; j += 16) {
    const __mmask16 mask = lanes(n - j);
    const __m512 v =
        _mm512_add_ps(_mm512_maskz_loadu_ps(mask, x + j), _mm512_maskz_loadu_ps(mask, bias + j));
    _mm512_mask_storeu_ps(x + j, mask, vector_activation(v, function));
  }
}

DURI_AVX512 void duri_activate_avx512(float *x, size_t ldx, const float *bias, size_t rows,
                                      size_t n, duri_activation function) {
  for (size_t t = 0; t < rows; t++) {
    switch (function) {
      case DURI_GELU_ERF: activate_row(x + t * ldx, bias, n, DURI_GELU_ERF); break;
      case DURI_GELU_TANH: activate_row(x + t * ldx, bias, n, DURI_GELU_TANH); break;
      case DURI_RELU: activate_row(x + t * ldx, bias, n, DURI_RELU); break;
    }
  }
}

DURI_AVX512 void duri_softmax_avx512(float *s, size_t lds, size_t rows, size_t n, float scale) {
  for (size_t r = 0; r < rows; r++) {
    float *s_r = s + r * lds;
    __m512 max = _mm512_set1_ps(-INFINITY);
    for (size_t j = 0; j < n; j += 16) {
      const __mmask16 mask = lanes(n - j);
      max = _mm512_mask_max_ps(max, mask, max, _mm512_maskz_loadu_ps(mask, s_r + j));
    }
    const __m512 largest = _mm512_set1_ps(_mm512_reduce_max_ps(max)),
                 factor = _mm512_set1_ps(scale);
    __m512 sum = _mm512_setzero_ps();
    for (size_t j = 0; j < n; j += 16) {
      const __mmask16 mask = lanes(n - j);
      const __m512 v = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, s_r + j), largest);
      const __m512 e = vector_exp(_mm512_mul_ps(factor, v));
      sum = _mm512_mask_add_ps(sum, mask, sum, e);
      _mm512_mask_storeu_ps(s_r + j, mask, e);
    }
    const __m512 inverse = _mm512_set1_ps(1 / _mm512_reduce_add_ps(sum));
    for (size_t j = 0; j < n; j += 16) {
      const __mmask16 mask = lanes(n - j);
      _mm512_mask_storeu_ps(s_r + j, mask,
                            _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, s_r + j), inverse));
    }
  }
}

DURI_AVX512 void duri_residual_norm_avx512(float *y, size_t ldy, const float *x, size_t ldx,
                                           const float *r, size_t ldr, const float *bias,
                                           const float *gamma, const float *beta, float eps,
                                           size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx, *r_t = r + t * ldr;
    float *y_t = y + t * ldy;
    __m512d low = _mm512_setzero_pd(), high = _mm512_setzero_pd();
    for (size_t j = 0; j < n; j += 16) {
      const __mmask16 mask = lanes(n - j);
      __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, x_t + j),
                               _mm512_maskz_loadu_ps(mask, bias + j));
      v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, r_t + j));
      _mm512_mask_storeu_ps(y_t + j, mask, v);
      low = _mm512_add_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(v)));
      high = _mm512_add_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)));
    }
    const double mean = _mm512_reduce_add_pd(_mm512_add_pd(low, high)) / (double)n;
    const __m512d center = _mm512_set1_pd(mean);
    low = high = _mm512_setzero_pd();
    for (size_t j = 0; j < n; j += 16) {
      const __mmask16 mask = lanes(n - j);
      const __m512 v = _mm512_maskz_loadu_ps(mask, y_t + j);
      const __m512d a =
          _mm512_maskz_sub_pd((__mmask8)mask, _mm512_cvtps_pd(_mm512_castps512_ps256(v)), center);
      const __m512d b = _mm512_maskz_sub_pd((__mmask8)(mask >> 8),
                                            _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)), center);
      low = _mm512_fmadd_pd(a, a, low);
      high = _mm512_fmadd_pd(b, b, high);
    }
    const double variance = _mm512_reduce_add_pd(_mm512_add_pd(low, high)) / (double)n;
    const __m512 inverse = _mm512_set1_ps((float)(1 / sqrt(variance + eps)));
    // The mean in two parts, so that a mean far from zero costs no digits.
    const __m512 mean_high = _mm512_set1_ps((float)mean);
    const __m512 mean_low = _mm512_set1_ps((float)(mean - (float)mean));
    for (size_t j = 0; j < n; j += 16) {
      const __mmask16 mask = lanes(n - j);
      __m512 v = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, y_t + j), mean_high);
      v = _mm512_mul_ps(_mm512_sub_ps(v, mean_low), inverse);
      v = _mm512_fmadd_ps(v, _mm512_maskz_loadu_ps(mask, gamma + j),
                          _mm512_maskz_loadu_ps(mask, beta + j));
      _mm512_mask_storeu_ps(y_t + j, mask, v);
    }
  }
}

const duri_kernels duri_kernels_avx512 = {
    .name = "avx512",
    .linear = duri_linear_avx512,
    .matmul = duri_matmul_avx512,
    .softmax = duri_softmax_avx512,
    .activate = duri_activate_avx512,
    .residual_norm = duri_residual_norm_avx512,
};

#endif
