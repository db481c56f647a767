// Softmax, activations and layer norm for AVX2: as in rows_avx512.c, 8 lanes at a time.

#include <math.h>

#include "activation_avx2.h"
#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Lanes 0..<n of a masked load or store.
DURI_AVX2 DURI_INLINE __m256i lanes(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n > 8 ? 8 : (int)n),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// The first n values (at most 8), zeros behind.
DURI_AVX2 DURI_INLINE __m256 load(const float *p, size_t n) {
  return n >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, lanes(n));
}

DURI_AVX2 DURI_INLINE void store(float *p, size_t n, __m256 v) {
  if (n >= 8) {
    _mm256_storeu_ps(p, v);
  } else {
    _mm256_maskstore_ps(p, lanes(n), v);
  }
}

DURI_AVX2 DURI_INLINE float reduce_add(__m256 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

DURI_AVX2 DURI_INLINE float reduce_max(__m256 v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

DURI_AVX2 DURI_INLINE double reduce_add_double(__m256d v) {
  const __m128d s = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)));
}

DURI_AVX2 DURI_INLINE void activate_row(float *x, const float *bias, size_t n,
                                        const duri_activation function) {
  for (size_t j = 0; j < n; j += 8) {
    const __m256 v = _mm256_add_ps(load(x + j, n - j), load(bias + j, n - j));
    store(x + j, n - j, vector_activation(v, function));
  }
}

DURI_AVX2 static void activate(float *x, size_t ldx, const float *bias, size_t rows, size_t n,
                               duri_activation function) {
  for (size_t t = 0; t < rows; t++) {
    switch (function) {
      case DURI_GELU_ERF: activate_row(x + t * ldx, bias, n, DURI_GELU_ERF); break;
      case DURI_GELU_TANH: activate_row(x + t * ldx, bias, n, DURI_GELU_TANH); break;
      case DURI_RELU: activate_row(x + t * ldx, bias, n, DURI_RELU); break;
    }
  }
}

DURI_AVX2 static void softmax(float *s, size_t lds, size_t rows, size_t n, float scale) {
  const __m256 lowest = _mm256_set1_ps(-INFINITY), factor = _mm256_set1_ps(scale);
  for (size_t r = 0; r < rows; r++) {
    float *s_r = s + r * lds;
    __m256 max = lowest;
    for (size_t j = 0; j < n; j += 8) {
      const __m256 in_row = _mm256_castsi256_ps(lanes(n - j));
      max = _mm256_max_ps(max, _mm256_blendv_ps(lowest, load(s_r + j, n - j), in_row));
    }
    const __m256 largest = _mm256_set1_ps(reduce_max(max));
    __m256 sum = _mm256_setzero_ps();
    for (size_t j = 0; j < n; j += 8) {
      const __m256 v = _mm256_sub_ps(load(s_r + j, n - j), largest);
      const __m256 e = vector_exp(_mm256_mul_ps(factor, v));
      sum = _mm256_add_ps(sum, _mm256_and_ps(_mm256_castsi256_ps(lanes(n - j)), e));
      store(s_r + j, n - j, e);
    }
    const __m256 inverse = _mm256_set1_ps(1 / reduce_add(sum));
    for (size_t j = 0; j < n; j += 8) {
      store(s_r + j, n - j, _mm256_mul_ps(load(s_r + j, n - j), inverse));
    }
  }
}

DURI_AVX2 static void residual_norm(float *y, size_t ldy, const float *x, size_t ldx,
                                    const float *r, size_t ldr, const float *bias,
                                    const float *gamma, const float *beta, float eps, size_t rows,
                                    size_t n) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx, *r_t = r + t * ldr;
    float *y_t = y + t * ldy;
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    for (size_t j = 0; j < n; j += 8) {
      __m256 v = _mm256_add_ps(load(x_t + j, n - j), load(bias + j, n - j));
      v = _mm256_add_ps(v, load(r_t + j, n - j));
      store(y_t + j, n - j, v);
      low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
      high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
    const double mean = reduce_add_double(_mm256_add_pd(low, high)) / (double)n;
    const __m256d center = _mm256_set1_pd(mean);
    low = high = _mm256_setzero_pd();
    for (size_t j = 0; j < n; j += 8) {
      const __m256 v = load(y_t + j, n - j);
      __m256d a = _mm256_sub_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(v)), center);
      __m256d b = _mm256_sub_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)), center);
      if (n - j < 8) {
        const __m256i in_row = lanes(n - j);
        a = _mm256_and_pd(
            a, _mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(in_row))));
        b = _mm256_and_pd(
            b, _mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_extracti128_si256(in_row, 1))));
      }
      low = _mm256_fmadd_pd(a, a, low);
      high = _mm256_fmadd_pd(b, b, high);
    }
    const double variance = reduce_add_double(_mm256_add_pd(low, high)) / (double)n;
    const __m256 inverse = _mm256_set1_ps((float)(1 / sqrt(variance + eps)));
    // The mean in two parts, so that a mean far from zero costs no digits.
    const __m256 mean_high = _mm256_set1_ps((float)mean);
    const __m256 mean_low = _mm256_set1_ps((float)(mean - (float)mean));
    for (size_t j = 0; j < n; j += 8) {
      __m256 v = _mm256_sub_ps(_mm256_sub_ps(load(y_t + j, n - j), mean_high), mean_low);
      v = _mm256_mul_ps(v, inverse);
      store(y_t + j, n - j, _mm256_fmadd_ps(v, load(gamma + j, n - j), load(beta + j, n - j)));
    }
  }
}

const duri_kernels duri_kernels_avx2 = {
    .name = "avx2",
    .linear = duri_linear_avx2,
    .matmul = duri_matmul_avx2,
    .softmax = softmax,
    .activate = activate,
    .residual_norm = residual_norm,
};

#endif
