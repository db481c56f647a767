// Products for AVX-512 without bfloat16: rows and weights are widened to 32 bits and multiplied
// there, the odd input of a pair first.
//
// A tile is up to 12 rows times two blocks of outputs. Its rows are widened once for all of a run
// of inputs, its weights as they are loaded: two shifts or masks for 24 multiplications.

#include "bf16_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { MOST_ROWS = 12, RUN = 256 };

// x (n), n a multiple of 16, widened.
DURI_AVX512 DURI_INLINE void widen(float *wide, const uint16_t *x, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(x + i));
    _mm512_store_si512(wide + i, _mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
  }
}

// The odd or even inputs of 16 pairs.
DURI_AVX512 DURI_INLINE __m512 half(__m512i pairs, int odd) {
  const __m512i upper = _mm512_set1_epi32((int32_t)0xFFFF0000);
  return _mm512_castsi512_ps(odd ? _mm512_and_si512(pairs, upper) : _mm512_slli_epi32(pairs, 16));
}

// c (rows, 16 * blocks) = the sums of rows x and of `blocks` blocks of weights, 16 * depth values
// each. ahead: distance to weights to fetch early, in bytes, or 0.
DURI_AVX512 DURI_INLINE void tile(const size_t rows, const size_t blocks, float *c,
                                  const uint16_t *x, size_t ldx, const uint16_t *w, size_t depth,
                                  size_t ahead) {
  _Alignas(64) float wide[MOST_ROWS][RUN];
  __m512 sum[MOST_ROWS][2];
  for (size_t t = 0; t < rows; t++) {
    for (size_t b = 0; b < blocks; b++) sum[t][b] = _mm512_setzero_ps();
  }
  for (size_t i0 = 0; i0 < depth; i0 += RUN) {
    const size_t width = depth - i0 < RUN ? depth - i0 : RUN;
    for (size_t t = 0; t < rows; t++) widen(wide[t], x + t * ldx + i0, width);
    const uint16_t *pairs = w + i0 * 16;
    for (size_t i = 0; i < width; i += 2, pairs += 32) {
#pragma clang loop unroll(full)
      for (int odd = 1; odd >= 0; odd--) {
        __m512 v[2];
#pragma clang loop unroll(full)
        for (size_t b = 0; b < blocks; b++) {
          const uint16_t *group = pairs + b * depth * 16;
          v[b] = half(_mm512_load_si512(group), odd);
          if (odd) _mm_prefetch((const char *)group + ahead, _MM_HINT_T0);
        }
#pragma clang loop unroll(full)
        for (size_t t = 0; t < rows; t++) {
          const __m512 value = _mm512_set1_ps(wide[t][i + (size_t)odd]);
          __m512 *s = sum[t];
#pragma clang loop unroll(full)
          for (size_t b = 0; b < blocks; b++) {
            s[b] = _mm512_fmadd_ps(value, v[b], s[b]);
            // One after the other: see bf16_linear_avx512bf16.c.
            __asm__ volatile("" : "+v"(s[b]) : : "memory");
          }
        }
      }
    }
  }
  for (size_t t = 0; t < rows; t++) {
    for (size_t b = 0; b < blocks; b++) _mm512_store_ps(c + (t * blocks + b) * 16, sum[t][b]);
  }
}

#define TILE(rows)                                                                \
  case rows:                                                                      \
    if (blocks == 2) {                                                            \
      tile(rows, 2, c, x, ldx, w, depth, ahead);                                  \
    } else {                                                                      \
      tile(rows, 1, c, x, ldx, w, depth, ahead);                                  \
    }                                                                             \
    break;

DURI_AVX512 static void tile_of(size_t rows, size_t blocks, float *c, const uint16_t *x, size_t ldx,
                                const uint16_t *w, size_t depth, size_t ahead) {
  switch (rows) {
    TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
    TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
  }
}

static void pass(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end) {
  const size_t depth = duri_bf16_depth(product->weights.inputs) / 2;
  const size_t rows = row_end - row_begin;
  // Rows are spread evenly over the tiles.
  const size_t count = (rows + MOST_ROWS - 1) / MOST_ROWS, even = rows / count,
               longer = rows % count;
  _Alignas(64) float c[MOST_ROWS * 32];
  for (size_t o = output_begin; o < output_end; o += 32) {
    const size_t outputs = output_end - o < 32 ? output_end - o : 32;
    const size_t blocks = outputs > 16 ? 2 : 1;
    size_t ahead = DURI_AHEAD;
    size_t t = row_begin;
    for (size_t j = 0; j < count; j++) {
      const size_t taken = even + (j < longer);
      tile_of(taken, blocks, c, product->x + t * product->ldx, product->ldx,
              product->weights.packed + o * depth, depth, ahead);
      duri_bf16_finish_avx512(product, c, blocks * 16, t, taken, o, outputs);
      t += taken;
      ahead = 0;
    }
  }
}

static void linear(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_bf16_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_bf16_kernels duri_bf16_avx512 = {
    .name = "avx512",
    .round = duri_bf16_round_avx512,
    .norm = duri_bf16_norm_avx512,
    .linear = linear,
};

#endif
