// c = a * b for AVX-512 (the two products of attention): each c[i][j] is one chain of fused
// multiply-adds over ascending k, so tiling changes no bit. A tile is up to 8 rows by 32 columns.

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// c (rows, 32 or fewer): `left` and `right` are the lanes in use of the two column vectors.
DURI_AVX512 DURI_INLINE void tile(const size_t rows, float *c, size_t ldc, const float *a,
                                  size_t lda, const float *b, size_t ldb, size_t k, __mmask16 left,
                                  __mmask16 right) {
  __m512 sum[8][2];
  for (size_t i = 0; i < rows; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  for (size_t l = 0; l < k; l++) {
    const __m512 b0 = _mm512_maskz_loadu_ps(left, b + l * ldb);
    const __m512 b1 = _mm512_maskz_loadu_ps(right, b + l * ldb + 16);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < rows; i++) {
      const __m512 a_il = _mm512_set1_ps(a[i * lda + l]);
      sum[i][0] = _mm512_fmadd_ps(a_il, b0, sum[i][0]);
      sum[i][1] = _mm512_fmadd_ps(a_il, b1, sum[i][1]);
    }
  }
  for (size_t i = 0; i < rows; i++) {
    _mm512_mask_storeu_ps(c + i * ldc, left, sum[i][0]);
    _mm512_mask_storeu_ps(c + i * ldc + 16, right, sum[i][1]);
  }
}

DURI_AVX512 DURI_INLINE __mmask16 lanes(size_t n) {
  return n >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << n) - 1);
}

DURI_AVX512 void duri_matmul_avx512(float *c, size_t ldc, const float *a, size_t lda,
                                    const float *b, size_t ldb, size_t m, size_t n, size_t k) {
  for (size_t j = 0; j < n; j += 32) {
    const __mmask16 left = lanes(n - j), right = lanes(n - j > 16 ? n - j - 16 : 0);
    size_t i = 0;
    for (; i + 8 <= m; i += 8) {
      tile(8, c + i * ldc + j, ldc, a + i * lda, lda, b + j, ldb, k, left, right);
    }
    for (; i + 4 <= m; i += 4) {
      tile(4, c + i * ldc + j, ldc, a + i * lda, lda, b + j, ldb, k, left, right);
    }
    for (; i < m; i++) {
      tile(1, c + i * ldc + j, ldc, a + i * lda, lda, b + j, ldb, k, left, right);
    }
  }
}

#endif
