// Products for AVX2: as in bf16_linear_avx512.c, with tiles of up to 6 rows times one block of
// outputs: 12 accumulators, two vectors of weights, one broadcast.

#include "bf16_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { MOST_ROWS = 6, RUN = 256 };

// x (n), n a multiple of 8, widened.
DURI_AVX2 DURI_INLINE void widen(float *wide, const uint16_t *x, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(x + i));
    _mm256_store_si256((__m256i *)(void *)(wide + i),
                       _mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
  }
}

// The odd or even inputs of 8 pairs.
DURI_AVX2 DURI_INLINE __m256 half(const uint16_t *w, int odd) {
  const __m256i pairs = _mm256_load_si256((const __m256i *)(const void *)w);
  return _mm256_castsi256_ps(odd ? _mm256_and_si256(pairs, _mm256_set1_epi32((int32_t)0xFFFF0000))
                                 : _mm256_slli_epi32(pairs, 16));
}

// c (rows, 16) = the sums of rows x and of one block of weights. ahead: distance to weights to
// fetch early, in bytes, or 0.
DURI_AVX2 DURI_INLINE void tile(const size_t rows, float *c, const uint16_t *x, size_t ldx,
                                const uint16_t *w, size_t depth, size_t ahead) {
  _Alignas(32) float wide[MOST_ROWS][RUN];
  __m256 sum[MOST_ROWS][2];
  for (size_t t = 0; t < rows; t++) sum[t][0] = sum[t][1] = _mm256_setzero_ps();
  for (size_t i0 = 0; i0 < depth; i0 += RUN) {
    const size_t width = depth - i0 < RUN ? depth - i0 : RUN;
    for (size_t t = 0; t < rows; t++) widen(wide[t], x + t * ldx + i0, width);
    const uint16_t *pairs = w + i0 * 16;
    for (size_t i = 0; i < width; i += 2, pairs += 32) {
      _mm_prefetch((const char *)pairs + ahead, _MM_HINT_T0);
#pragma clang loop unroll(full)
      for (int odd = 1; odd >= 0; odd--) {
        const __m256 left = half(pairs, odd), right = half(pairs + 16, odd);
#pragma clang loop unroll(full)
        for (size_t t = 0; t < rows; t++) {
          const __m256 value = _mm256_broadcast_ss(&wide[t][i + (size_t)odd]);
          sum[t][0] = _mm256_fmadd_ps(value, left, sum[t][0]);
          sum[t][1] = _mm256_fmadd_ps(value, right, sum[t][1]);
          // One row after the other: see bf16_linear_avx512bf16.c.
          __asm__ volatile("" : "+x"(sum[t][0]), "+x"(sum[t][1]) : : "memory");
        }
      }
    }
  }
  for (size_t t = 0; t < rows; t++) {
    _mm256_store_ps(c + t * 16, sum[t][0]);
    _mm256_store_ps(c + t * 16 + 8, sum[t][1]);
  }
}

DURI_AVX2 static void tile_of(size_t rows, float *c, const uint16_t *x, size_t ldx,
                              const uint16_t *w, size_t depth, size_t ahead) {
  switch (rows) {
    case 1: tile(1, c, x, ldx, w, depth, ahead); break;
    case 2: tile(2, c, x, ldx, w, depth, ahead); break;
    case 3: tile(3, c, x, ldx, w, depth, ahead); break;
    case 4: tile(4, c, x, ldx, w, depth, ahead); break;
    case 5: tile(5, c, x, ldx, w, depth, ahead); break;
    default: tile(6, c, x, ldx, w, depth, ahead); break;
  }
}

static void pass(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end) {
  const size_t depth = duri_bf16_depth(product->weights.inputs) / 2;
  const size_t rows = row_end - row_begin;
  // Rows are spread evenly over the tiles.
  const size_t count = (rows + MOST_ROWS - 1) / MOST_ROWS, even = rows / count,
               longer = rows % count;
  _Alignas(64) float c[MOST_ROWS * 16];
  for (size_t o = output_begin; o < output_end; o += 16) {
    const size_t outputs = output_end - o < 16 ? output_end - o : 16;
    size_t ahead = DURI_AHEAD;
    size_t t = row_begin;
    for (size_t j = 0; j < count; j++) {
      const size_t taken = even + (j < longer);
      tile_of(taken, c, product->x + t * product->ldx, product->ldx,
              product->weights.packed + o * depth, depth, ahead);
      duri_bf16_finish_avx2(product, c, 16, t, taken, o, outputs);
      t += taken;
      ahead = 0;
    }
  }
}

static void linear(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_bf16_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_bf16_kernels duri_bf16_avx2 = {
    .name = "avx2",
    .round = duri_bf16_round_avx2,
    .norm = duri_bf16_norm_avx2,
    .linear = linear,
};

#endif
