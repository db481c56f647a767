// y = x * w^T for AVX-512: both operands are read along their rows, so neither is packed or copied.
//
// A tile is up to 6 rows of x times 4 rows of w: 24 accumulators of 16 partial sums each, reduced
// at the end of the chunk by one fixed tree. How many rows share a tile changes nothing in any
// row's arithmetic.
//
// Short blocks are bound by reading the weights from memory: the first tile of each four weight
// rows asks for the next four (16 tokens of a 12 x 384 model: 8.7 -> 4.9 ms).

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// (sum a, sum b, sum c, sum d)
DURI_AVX512 DURI_INLINE __m128 sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m256 a8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  const __m256 b8 = _mm256_add_ps(_mm512_castps512_ps256(b), _mm512_extractf32x8_ps(b, 1));
  const __m256 c8 = _mm256_add_ps(_mm512_castps512_ps256(c), _mm512_extractf32x8_ps(c, 1));
  const __m256 d8 = _mm256_add_ps(_mm512_castps512_ps256(d), _mm512_extractf32x8_ps(d, 1));
  const __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a8, b8), _mm256_unpackhi_ps(a8, b8));
  const __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c8, d8), _mm256_unpackhi_ps(c8, d8));
  const __m256 abcd =
      _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE));
  return _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1));
}

// One chunk: y (rows, outs <= 4) = or += x (rows, in) * w^T. w_o[j] is the j-th row of w; where
// outs < 4 the last ones repeat, and only `outs` results are stored. ahead: distance to weights to
// fetch early, or 0.
DURI_AVX512 DURI_INLINE void tile(const size_t rows, float *y, size_t ldy, const float *x,
                                  size_t ldx, const float *const w_o[4], size_t outs, size_t in,
                                  int add, size_t ahead) {
  __m512 sum[6][4];
  for (size_t t = 0; t < rows; t++) {
    for (size_t j = 0; j < 4; j++) sum[t][j] = _mm512_setzero_ps();
  }
  const float *w0 = w_o[0], *w1 = w_o[1], *w2 = w_o[2], *w3 = w_o[3];
  size_t i = 0;
  for (; i + 16 <= in; i += 16) {
    const __m512 v0 = _mm512_loadu_ps(w0 + i), v1 = _mm512_loadu_ps(w1 + i);
    const __m512 v2 = _mm512_loadu_ps(w2 + i), v3 = _mm512_loadu_ps(w3 + i);
    if (ahead != 0) {
      _mm_prefetch(w0 + ahead + i, _MM_HINT_T0);
      _mm_prefetch(w1 + ahead + i, _MM_HINT_T0);
      _mm_prefetch(w2 + ahead + i, _MM_HINT_T0);
      _mm_prefetch(w3 + ahead + i, _MM_HINT_T0);
    }
#pragma clang loop unroll(full)
    for (size_t t = 0; t < rows; t++) {
      const __m512 x_t = _mm512_loadu_ps(x + t * ldx + i);
      sum[t][0] = _mm512_fmadd_ps(x_t, v0, sum[t][0]);
      sum[t][1] = _mm512_fmadd_ps(x_t, v1, sum[t][1]);
      sum[t][2] = _mm512_fmadd_ps(x_t, v2, sum[t][2]);
      sum[t][3] = _mm512_fmadd_ps(x_t, v3, sum[t][3]);
    }
  }
  if (i < in) {
    const __mmask16 tail = (__mmask16)((1u << (in - i)) - 1);
    const __m512 v0 = _mm512_maskz_loadu_ps(tail, w0 + i), v1 = _mm512_maskz_loadu_ps(tail, w1 + i);
    const __m512 v2 = _mm512_maskz_loadu_ps(tail, w2 + i), v3 = _mm512_maskz_loadu_ps(tail, w3 + i);
    for (size_t t = 0; t < rows; t++) {
      const __m512 x_t = _mm512_maskz_loadu_ps(tail, x + t * ldx + i);
      sum[t][0] = _mm512_fmadd_ps(x_t, v0, sum[t][0]);
      sum[t][1] = _mm512_fmadd_ps(x_t, v1, sum[t][1]);
      sum[t][2] = _mm512_fmadd_ps(x_t, v2, sum[t][2]);
      sum[t][3] = _mm512_fmadd_ps(x_t, v3, sum[t][3]);
    }
  }
  const __mmask8 stored = (__mmask8)((1u << outs) - 1);
  for (size_t t = 0; t < rows; t++) {
    float *y_t = y + t * ldy;
    __m128 result = sums(sum[t][0], sum[t][1], sum[t][2], sum[t][3]);
    if (add) result = _mm_add_ps(_mm_maskz_loadu_ps(stored, y_t), result);
    _mm_mask_storeu_ps(y_t, stored, result);
  }
}

DURI_AVX512 void duri_linear_avx512(float *y, size_t ldy, const float *x, size_t ldx,
                                    const float *w, size_t ldw, size_t rows, size_t out,
                                    size_t in) {
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
        // Nothing to fetch behind the last rows; a fetch never faults, but it would cost.
        const size_t next = out - o > 4 ? 4 * ldw : 0;
        for (size_t t = t0; t < t1; t += 6) {
          const size_t ahead = t == t0 ? next : 0;
          float *y_t = y + t * ldy + o;
          const float *x_t = x + t * ldx + i0;
          switch (t1 - t) {
            case 1: tile(1, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
            case 2: tile(2, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
            case 3: tile(3, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
            case 4: tile(4, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
            case 5: tile(5, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
            default: tile(6, y_t, ldy, x_t, ldx, w_o, outs, width, i0 != 0, ahead); break;
          }
        }
      }
      i0 += width;
    } while (i0 < in);
  }
}

#endif
