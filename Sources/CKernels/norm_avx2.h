// Layer norm of one row for AVX2, bit for bit as norm_naive.h.
#pragma once

#include <math.h>

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

// Values i ..< i + 8 of n, zeros behind.
DURI_AVX2 DURI_INLINE __m256 load_at(const float *p, size_t i, size_t n) {
  return i < n ? load(p + i, n - i) : _mm256_setzero_ps();
}

// Sums in 16 lanes: lane j is the sum of the values whose place is j mod 16.
typedef struct sums {
  __m256d part[4];
} sums;

DURI_AVX2 DURI_INLINE double sum_lanes(sums s) {
  const __m256d s4 = _mm256_add_pd(_mm256_add_pd(s.part[0], s.part[2]),
                                   _mm256_add_pd(s.part[1], s.part[3]));
  const __m128d s2 = _mm_add_pd(_mm256_castpd256_pd128(s4), _mm256_extractf128_pd(s4, 1));
  return _mm_cvtsd_f64(_mm_add_sd(s2, _mm_unpackhi_pd(s2, s2)));
}

// Lanes 0..<n of four doubles.
DURI_AVX2 DURI_INLINE __m256d keep(__m256d v, size_t n) {
  const __m256i mask =
      _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)n), _mm256_setr_epi64x(0, 1, 2, 3));
  return _mm256_and_pd(v, _mm256_castsi256_pd(mask));
}

// The mean in two parts, so that a mean far from zero costs no digits, and 1 / deviation.
typedef struct norm_terms {
  __m256 high, low, inverse;
} norm_terms;

DURI_AVX2 DURI_INLINE norm_terms norm_terms_of(const float *x, size_t n, float eps) {
  sums s;
  for (size_t l = 0; l < 4; l++) s.part[l] = _mm256_setzero_pd();
  for (size_t j = 0; j < n; j += 16) {
    for (size_t l = 0; l < 2; l++) {
      const __m256 v = load_at(x, j + 8 * l, n);
      s.part[2 * l] = _mm256_add_pd(s.part[2 * l], _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
      s.part[2 * l + 1] =
          _mm256_add_pd(s.part[2 * l + 1], _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
  }
  const double mean = sum_lanes(s) / (double)n;
  const __m256d center = _mm256_set1_pd(mean);
  for (size_t l = 0; l < 4; l++) s.part[l] = _mm256_setzero_pd();
  for (size_t j = 0; j < n; j += 16) {
    for (size_t l = 0; l < 2; l++) {
      const size_t place = j + 8 * l;
      const __m256 v = load_at(x, place, n);
      __m256d a = _mm256_sub_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(v)), center);
      __m256d b = _mm256_sub_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)), center);
      if (place + 8 > n) {
        a = keep(a, n > place ? n - place : 0);
        b = keep(b, n > place + 4 ? n - place - 4 : 0);
      }
      s.part[2 * l] = _mm256_fmadd_pd(a, a, s.part[2 * l]);
      s.part[2 * l + 1] = _mm256_fmadd_pd(b, b, s.part[2 * l + 1]);
    }
  }
  const double variance = sum_lanes(s) / (double)n;
  const float high = (float)mean, low = (float)(mean - (double)high);
  return (norm_terms){
      .high = _mm256_set1_ps(high),
      .low = _mm256_set1_ps(low),
      .inverse = _mm256_set1_ps((float)(1 / sqrt(variance + eps))),
  };
}

// The first n values (at most 8) of a row from x on, normalized; anything behind.
DURI_AVX2 DURI_INLINE __m256 normalized(const float *x, const float *gamma, const float *beta,
                                        size_t n, norm_terms terms) {
  __m256 v = _mm256_sub_ps(load(x, n), terms.high);
  v = _mm256_mul_ps(_mm256_sub_ps(v, terms.low), terms.inverse);
  return _mm256_fmadd_ps(v, load(gamma, n), load(beta, n));
}

#endif
