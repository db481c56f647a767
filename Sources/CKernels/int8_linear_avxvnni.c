// Products for AVX-VNNI (256 bits): as in int8_linear_avx512.c, with tiles of up to 6 rows times
// one block of outputs: 12 accumulators, two vectors of weights, one broadcast.

#include "int8_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { MOST_ROWS = 6 };

DURI_AVXVNNI DURI_INLINE __m256i broadcast(const uint8_t *q) {
  int32_t four;
  __builtin_memcpy(&four, q, 4);
  return _mm256_set1_epi32(four);
}

// c (rows, 16) = the sums of rows q and of one block of weights. `ways` accumulators share one sum.
// ahead: distance to weights to fetch early, or 0.
DURI_AVXVNNI DURI_INLINE void tile(const size_t rows, const size_t ways, int32_t *c,
                                   const uint8_t *q, size_t ldq, const int8_t *w, size_t depth,
                                   size_t ahead) {
  __m256i sum[4][MOST_ROWS][2];
  for (size_t k = 0; k < ways; k++) {
    for (size_t t = 0; t < rows; t++) sum[k][t][0] = sum[k][t][1] = _mm256_setzero_si256();
  }
  const uint8_t *half[2] = {q, q + (rows > 3 ? 3 : 0) * ldq};
  for (const int8_t *end = w + depth * 16; w < end; w += 256) {
#pragma clang loop unroll(full)
    for (size_t g = 0; g < 4; g++) {
      const __m256i left = _mm256_load_si256((const __m256i *)(const void *)(w + g * 64));
      const __m256i right = _mm256_load_si256((const __m256i *)(const void *)(w + g * 64 + 32));
      _mm_prefetch(w + g * 64 + ahead, _MM_HINT_T0);
#pragma clang loop unroll(full)
      for (size_t t = 0; t < rows; t++) {
        const __m256i four = broadcast(half[t / 3] + t % 3 * ldq + g * 4);
        __m256i *s = sum[g % ways][t];
        s[0] = _mm256_dpbusd_avx_epi32(s[0], four, left);
        s[1] = _mm256_dpbusd_avx_epi32(s[1], four, right);
        // One row after the other: see int8_linear_avx512.c.
        __asm__ volatile("" : "+x"(s[0]), "+x"(s[1]) : : "memory");
      }
    }
    half[0] += 16;
    half[1] += 16;
  }
  for (size_t t = 0; t < rows; t++) {
    for (size_t h = 0; h < 2; h++) {
      for (size_t k = 1; k < ways; k++) {
        sum[0][t][h] = _mm256_add_epi32(sum[0][t][h], sum[k][t][h]);
      }
      _mm256_store_si256((__m256i *)(void *)(c + t * 16 + h * 8), sum[0][t][h]);
    }
  }
}

DURI_AVXVNNI static void tile_of(size_t rows, int32_t *c, const uint8_t *q, size_t ldq,
                                 const int8_t *w, size_t depth, size_t ahead) {
  switch (rows) {
    case 1: tile(1, 4, c, q, ldq, w, depth, ahead); break;
    case 2: tile(2, 2, c, q, ldq, w, depth, ahead); break;
    case 3: tile(3, 2, c, q, ldq, w, depth, ahead); break;
    case 4: tile(4, 1, c, q, ldq, w, depth, ahead); break;
    case 5: tile(5, 1, c, q, ldq, w, depth, ahead); break;
    default: tile(6, 1, c, q, ldq, w, depth, ahead); break;
  }
}

static void pass(const duri_int8_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end) {
  const size_t depth = duri_int8_depth(product->weights.inputs);
  const size_t rows = row_end - row_begin;
  // Rows are spread evenly over the tiles.
  const size_t count = (rows + MOST_ROWS - 1) / MOST_ROWS, even = rows / count,
               longer = rows % count;
  _Alignas(64) int32_t c[MOST_ROWS * 16];
  for (size_t o = output_begin; o < output_end; o += 16) {
    const size_t outputs = output_end - o < 16 ? output_end - o : 16;
    size_t ahead = DURI_AHEAD;
    size_t t = row_begin;
    for (size_t j = 0; j < count; j++) {
      const size_t taken = even + (j < longer);
      tile_of(taken, c, product->q + t * product->ldq, product->ldq,
              product->weights.packed + o * depth, depth, ahead);
      duri_int8_finish_avx2(product, c, 16, t, taken, o, outputs);
      t += taken;
      ahead = 0;
    }
  }
}

static void linear(const duri_int8_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_int8_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_int8_kernels duri_int8_avxvnni = {
    .name = "avxvnni",
    .pack = duri_int8_pack_avx2,
    .quantize = duri_int8_quantize_avx2,
    .norm_quantize = duri_int8_norm_quantize_avx2,
    .linear = linear,
};

#endif
