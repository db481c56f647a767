// Softmax, activations and layer norm for AVX-512. Tails are masked lanes: a row is summed in 16
// (or 8 double) lanes and one fixed tree, whatever its length.

#include <math.h>

#include "activation_avx512.h"
#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

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
