// c = a * b for AVX2: as in matmul_avx512.c, with tiles of up to 4 rows by 16 columns.

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

DURI_AVX2 DURI_INLINE __m256i lanes(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n > 8 ? 8 : (int)n),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// c (rows, 16), or fewer columns where `masked`.
DURI_AVX2 DURI_INLINE void tile(const size_t rows, const int masked, float *c, size_t ldc,
                                const float *a, size_t lda, const float *b, size_t ldb, size_t k,
                                __m256i left, __m256i right) {
  __m256 sum[4][2];
  for (size_t i = 0; i < rows; i++) sum[i][0] = sum[i][1] = _mm256_setzero_ps();
  for (size_t l = 0; l < k; l++) {
    const float *b_l = b + l * ldb;
    const __m256 b0 = masked ? _mm256_maskload_ps(b_l, left) : _mm256_loadu_ps(b_l);
    const __m256 b1 = masked ? _mm256_maskload_ps(b_l + 8, right) : _mm256_loadu_ps(b_l + 8);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < rows; i++) {
      const __m256 a_il = _mm256_set1_ps(a[i * lda + l]);
      sum[i][0] = _mm256_fmadd_ps(a_il, b0, sum[i][0]);
      sum[i][1] = _mm256_fmadd_ps(a_il, b1, sum[i][1]);
    }
  }
  for (size_t i = 0; i < rows; i++) {
    if (masked) {
      _mm256_maskstore_ps(c + i * ldc, left, sum[i][0]);
      _mm256_maskstore_ps(c + i * ldc + 8, right, sum[i][1]);
    } else {
      _mm256_storeu_ps(c + i * ldc, sum[i][0]);
      _mm256_storeu_ps(c + i * ldc + 8, sum[i][1]);
    }
  }
}

DURI_AVX2 DURI_INLINE void columns(const int masked, float *c, size_t ldc, const float *a,
                                   size_t lda, const float *b, size_t ldb, size_t m, size_t k,
                                   __m256i left, __m256i right) {
  size_t i = 0;
  for (; i + 4 <= m; i += 4) {
    tile(4, masked, c + i * ldc, ldc, a + i * lda, lda, b, ldb, k, left, right);
  }
  for (; i < m; i++) {
    tile(1, masked, c + i * ldc, ldc, a + i * lda, lda, b, ldb, k, left, right);
  }
}

DURI_AVX2 void duri_matmul_avx2(float *c, size_t ldc, const float *a, size_t lda, const float *b,
                                size_t ldb, size_t m, size_t n, size_t k) {
  const __m256i all = lanes(8);
  size_t j = 0;
  for (; j + 16 <= n; j += 16) columns(0, c + j, ldc, a, lda, b + j, ldb, m, k, all, all);
  if (j < n) {
    const size_t rest = n - j;
    columns(1, c + j, ldc, a, lda, b + j, ldb, m, k, lanes(rest), lanes(rest > 8 ? rest - 8 : 0));
  }
}

#endif
