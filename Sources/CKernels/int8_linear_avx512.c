// Products for AVX-512 VNNI: vpdpbusd adds four products of a byte of q and a byte of w to each of
// 16 sums.
//
// A tile is up to 12 rows times two blocks of outputs: 24 accumulators, two vectors of weights, one
// broadcast of four bytes of a row. All rows pass over a pair of blocks before the next pair, so
// that it is read from the first-level cache but for the first time.

#include "int8_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { MOST_ROWS = 12 };

DURI_AVX512VNNI DURI_INLINE __m512i broadcast(const uint8_t *q) {
  int32_t four;
  __builtin_memcpy(&four, q, 4);
  return _mm512_set1_epi32(four);
}

// c (rows, 16 * blocks) = the sums of rows q and of `blocks` blocks of weights, `block` bytes each.
// Sums are exact, so they may be split: `ways` accumulators share one sum where a tile has too few
// of them to keep the multipliers busy. ahead: distance to weights to fetch early (see
// DURI_AHEAD), at most `block`, or 0.
DURI_AVX512VNNI DURI_INLINE void tile(const size_t rows, const size_t blocks, const size_t ways,
                                      int32_t *c, const uint8_t *q, size_t ldq, const int8_t *w,
                                      size_t block, size_t ahead) {
  __m512i sum[4][MOST_ROWS][2];
  for (size_t k = 0; k < ways; k++) {
    for (size_t t = 0; t < rows; t++) {
      for (size_t b = 0; b < blocks; b++) sum[k][t][b] = _mm512_setzero_si512();
    }
  }
  const uint8_t *quarter[4];  // Every third row; the others are reached from these.
  for (size_t p = 0; p < 4; p++) quarter[p] = q + (3 * p < rows ? 3 * p : 0) * ldq;
  const int8_t *const end = w + block, *const turn = end - ahead;
  for (; w < end; w += 256) {
    // Behind the end of a block lies the next one: of this pair, while the next pair is wanted.
    if (w == turn && ahead != 0) ahead += (blocks - 1) * block;
#pragma clang loop unroll(full)
    for (size_t g = 0; g < 4; g++) {
      __m512i v[2];
#pragma clang loop unroll(full)
      for (size_t b = 0; b < blocks; b++) {
        v[b] = _mm512_load_si512(w + b * block + g * 64);
        _mm_prefetch(w + b * block + g * 64 + ahead, _MM_HINT_T0);
      }
#pragma clang loop unroll(full)
      for (size_t t = 0; t < rows; t++) {
        const __m512i four = broadcast(quarter[t / 3] + t % 3 * ldq + g * 4);
        __m512i *s = sum[g % ways][t];
        s[0] = _mm512_dpbusd_epi32(s[0], four, v[0]);
        if (blocks == 2) s[1] = _mm512_dpbusd_epi32(s[1], four, v[1]);
        // One row after the other: compilers would load many rows first and run out of registers.
        if (blocks == 2) {
          __asm__ volatile("" : "+v"(s[0]), "+v"(s[1]) : : "memory");
        } else {
          __asm__ volatile("" : "+v"(s[0]) : : "memory");
        }
      }
    }
    for (size_t p = 0; p < 4; p++) quarter[p] += 16;
  }
  for (size_t t = 0; t < rows; t++) {
    for (size_t b = 0; b < blocks; b++) {
      for (size_t k = 1; k < ways; k++) {
        sum[0][t][b] = _mm512_add_epi32(sum[0][t][b], sum[k][t][b]);
      }
      _mm512_store_si512(c + (t * blocks + b) * 16, sum[0][t][b]);
    }
  }
}

typedef void tile_function(int32_t *c, const uint8_t *q, size_t ldq, const int8_t *w, size_t block,
                           size_t ahead);

#define TILE(rows, blocks, ways)                                                               \
  DURI_AVX512VNNI static void tile_##rows##_##blocks(int32_t *c, const uint8_t *q, size_t ldq, \
                                                     const int8_t *w, size_t block,            \
                                                     size_t ahead) {                           \
    tile(rows, blocks, ways, c, q, ldq, w, block, ahead);                                      \
  }
TILE(1, 2, 4) TILE(2, 2, 4) TILE(3, 2, 2) TILE(4, 2, 2) TILE(5, 2, 1) TILE(6, 2, 1)
TILE(7, 2, 1) TILE(8, 2, 1) TILE(9, 2, 1) TILE(10, 2, 1) TILE(11, 2, 1) TILE(12, 2, 1)
TILE(1, 1, 4) TILE(2, 1, 4) TILE(3, 1, 4) TILE(4, 1, 2) TILE(5, 1, 2) TILE(6, 1, 2)
TILE(7, 1, 2) TILE(8, 1, 2) TILE(9, 1, 2) TILE(10, 1, 1) TILE(11, 1, 1) TILE(12, 1, 1)

static tile_function *const tiles[2][MOST_ROWS] = {
    {tile_1_1, tile_2_1, tile_3_1, tile_4_1, tile_5_1, tile_6_1, tile_7_1, tile_8_1, tile_9_1,
     tile_10_1, tile_11_1, tile_12_1},
    {tile_1_2, tile_2_2, tile_3_2, tile_4_2, tile_5_2, tile_6_2, tile_7_2, tile_8_2, tile_9_2,
     tile_10_2, tile_11_2, tile_12_2},
};

static void pass(const duri_int8_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end) {
  const size_t depth = duri_int8_depth(product->weights.inputs), block = depth * 16;
  const size_t rows = row_end - row_begin;
  // Rows are spread evenly over the tiles.
  const size_t count = (rows + MOST_ROWS - 1) / MOST_ROWS, even = rows / count,
               longer = rows % count;
  _Alignas(64) int32_t c[MOST_ROWS * 32];
  for (size_t o = output_begin; o < output_end; o += 32) {
    const size_t outputs = output_end - o < 32 ? output_end - o : 32;
    const size_t blocks = outputs > 16 ? 2 : 1;
    const int8_t *w = product->weights.packed + o * depth;
    size_t ahead = block < DURI_AHEAD ? block : DURI_AHEAD;
    size_t t = row_begin;
    for (size_t j = 0; j < count; j++) {
      const size_t taken = even + (j < longer);
      tiles[blocks - 1][taken - 1](c, product->q + t * product->ldq, product->ldq, w, block,
                                   ahead);
      duri_int8_finish_avx512(product, c, blocks * 16, t, taken, o, outputs);
      t += taken;
      ahead = 0;
    }
  }
}

static void linear(const duri_int8_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_int8_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_int8_kernels duri_int8_avx512vnni = {
    .name = "avx512vnni",
    .pack = duri_int8_pack_avx2,
    .quantize = duri_int8_quantize_avx512,
    .norm_quantize = duri_int8_norm_quantize_avx512,
    .linear = linear,
};

#endif
