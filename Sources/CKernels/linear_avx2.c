// y = x * w^T for AVX2: as in linear_avx512.c, with tiles of 3 rows of x times 4 rows of w
// (12 accumulators of 8 partial sums).

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Lanes 0..<n of a masked load or store.
DURI_AVX2 DURI_INLINE __m256i lanes(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// (sum a, sum b, sum c, sum d)
DURI_AVX2 DURI_INLINE __m128 sums(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
  const __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
  const __m256 abcd =
      _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE));
  return _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1));
}

DURI_AVX2 DURI_INLINE void tile(const size_t rows, float *y, size_t ldy, const float *x, size_t ldx,
                                const float *const w_o[4], size_t outs, size_t in, int add,
                                size_t ahead) {
  __m256 sum[3][4];
  for (size_t t = 0; t < rows; t++) {
    for (size_t j = 0; j < 4; j++) sum[t][j] = _mm256_setzero_ps();
  }
  const float *x0 = x, *x1 = rows > 1 ? x + ldx : x, *x2 = rows > 2 ? x + 2 * ldx : x;
  size_t i = 0;
  for (; i + 8 <= in; i += 8) {
    const __m256 v0 = _mm256_loadu_ps(x0 + i);
    const __m256 v1 = rows > 1 ? _mm256_loadu_ps(x1 + i) : v0;
    const __m256 v2 = rows > 2 ? _mm256_loadu_ps(x2 + i) : v0;
#pragma clang loop unroll(full)
    for (size_t j = 0; j < 4; j++) {
      const __m256 w_j = _mm256_loadu_ps(w_o[j] + i);
      if (ahead != 0 && i % 16 == 0) _mm_prefetch(w_o[j] + ahead + i, _MM_HINT_T0);
      sum[0][j] = _mm256_fmadd_ps(v0, w_j, sum[0][j]);
      if (rows > 1) sum[1][j] = _mm256_fmadd_ps(v1, w_j, sum[1][j]);
      if (rows > 2) sum[2][j] = _mm256_fmadd_ps(v2, w_j, sum[2][j]);
    }
  }
  if (i < in) {
    const __m256i tail = lanes(in - i);
    for (size_t j = 0; j < 4; j++) {
      const __m256 w_j = _mm256_maskload_ps(w_o[j] + i, tail);
      for (size_t t = 0; t < rows; t++) {
        const __m256 x_t = _mm256_maskload_ps(x + t * ldx + i, tail);
        sum[t][j] = _mm256_fmadd_ps(x_t, w_j, sum[t][j]);
      }
    }
  }
  const __m128i stored = _mm256_castsi256_si128(lanes(outs));
  for (size_t t = 0; t < rows; t++) {
    float *y_t = y + t * ldy;
    __m128 result = sums(sum[t][0], sum[t][1], sum[t][2], sum[t][3]);
    if (add) result = _mm_add_ps(_mm_maskload_ps(y_t, stored), result);
    if (outs == 4) {
      _mm_storeu_ps(y_t, result);
    } else {
      _mm_maskstore_ps(y_t, stored, result);
    }
  }
}

DURI_AVX2 void duri_linear_avx2(float *y, size_t ldy, const float *x, size_t ldx, const float *w,
                                size_t ldw, size_t rows, size_t out, size_t in) {
  const size_t chunk = duri_linear_chunk(in), together = duri_linear_rows(chunk);
  for (size_t t0 = 0; t0 < rows; t0 += together) {
    const size_t t1 = rows - t0 < together ? rows : t0 + together;
    size_t i0 = 0;
    do {  // Once even if in == 0: y is 0 then.
      const size_t width = in - i0 < chunk ? in - i0 : chunk;
      for (size_t o = 0; o < out; o += 4) {
        const size_t outs = out - o < 4 ? out - o : 4;
        const float *w_o[4];
        for (size_t j = 0; j < 4; j++) w_o[j] = w + (o + (j < outs ? j : outs - 1)) * ldw + i0;
        const size_t next = out - o > 4 ? 4 * ldw : 0;
        for (size_t t = t0; t < t1; t += 3) {
          const size_t ahead = t == t0 ? next : 0;
          float *y_t = y + t * ldy + o;
          const float *x_t = x + t * ldx + i0;
          switch (t1 - t) {
            case 1: tile(1, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
            case 2: tile(2, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
            default: tile(3, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
          }
        }
      }
      i0 += width;
    } while (i0 < in);
  }
}

#endif
