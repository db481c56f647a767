// Products for AVX-512 with bfloat16: vdpbf16ps adds the two products of a pair of x and a pair of
// w to each of 16 sums, the odd one first.
//
// A tile is up to 12 rows times two blocks of outputs: 24 accumulators, two vectors of weights, one
// broadcast of a pair of a row; few rows take four blocks, so that enough sums are under way. Each
// sum is one accumulator from the first pair to the last: no tile changes its order. All rows pass
// over the blocks of a tile before the next ones, so that these are read from a near cache but for
// the first time.

#include "bf16_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Most rows of a tile, and of one with four blocks.
enum { MOST_ROWS = 12, FEW_ROWS = 6 };

DURI_AVX512BF16 DURI_INLINE __m512bh broadcast(const uint8_t *x) {
  int32_t pair;
  __builtin_memcpy(&pair, x, 4);
  return (__m512bh)_mm512_set1_epi32(pair);
}

// c (rows, 16 * blocks) = the sums of rows x and of `blocks` blocks of weights, `block` bytes each;
// ldx in bytes. ahead: distance to weights to fetch early (see DURI_AHEAD), at most `block`, or 0.
DURI_AVX512BF16 DURI_INLINE void tile(const size_t rows, const size_t blocks, float *c,
                                      const uint8_t *x, size_t ldx, const uint8_t *w, size_t block,
                                      size_t ahead) {
  __m512 sum[MOST_ROWS][4];
  for (size_t t = 0; t < rows; t++) {
    for (size_t b = 0; b < blocks; b++) sum[t][b] = _mm512_setzero_ps();
  }
  const uint8_t *quarter[4];  // Every third row; the others are reached from these.
  for (size_t p = 0; p < 4; p++) quarter[p] = x + (3 * p < rows ? 3 * p : 0) * ldx;
  const uint8_t *const end = w + block, *const turn = end - ahead;
  for (; w < end; w += 256) {
    // Behind the end of a block lies the next one: of this tile, while the next tile is wanted.
    if (w == turn && ahead != 0) ahead += (blocks - 1) * block;
#pragma clang loop unroll(full)
    for (size_t g = 0; g < 4; g++) {
      __m512bh v[4];
#pragma clang loop unroll(full)
      for (size_t b = 0; b < blocks; b++) {
        v[b] = (__m512bh)_mm512_load_si512(w + b * block + g * 64);
        _mm_prefetch(w + b * block + g * 64 + ahead, _MM_HINT_T0);
      }
#pragma clang loop unroll(full)
      for (size_t t = 0; t < rows; t++) {
        const __m512bh pair = broadcast(quarter[t / 3] + t % 3 * ldx + g * 4);
        __m512 *s = sum[t];
#pragma clang loop unroll(full)
        for (size_t b = 0; b < blocks; b++) {
          s[b] = _mm512_dpbf16_ps(s[b], pair, v[b]);
          // One after the other: compilers would load many rows first and run out of registers.
          __asm__ volatile("" : "+v"(s[b]) : : "memory");
        }
      }
    }
    for (size_t p = 0; p < 4; p++) quarter[p] += 16;
  }
  for (size_t t = 0; t < rows; t++) {
    for (size_t b = 0; b < blocks; b++) _mm512_store_ps(c + (t * blocks + b) * 16, sum[t][b]);
  }
}

typedef void tile_function(float *c, const uint8_t *x, size_t ldx, const uint8_t *w, size_t block,
                           size_t ahead);

#define TILE(rows, blocks)                                                                        \
  DURI_AVX512BF16 static void tile_##rows##_##blocks(float *c, const uint8_t *x, size_t ldx,      \
                                                     const uint8_t *w, size_t block,              \
                                                     size_t ahead) {                              \
    tile(rows, blocks, c, x, ldx, w, block, ahead);                                               \
  }
#define FEW(blocks) TILE(1, blocks) TILE(2, blocks) TILE(3, blocks) TILE(4, blocks) \
  TILE(5, blocks) TILE(6, blocks)
#define MANY(blocks) FEW(blocks) TILE(7, blocks) TILE(8, blocks) TILE(9, blocks) TILE(10, blocks) \
  TILE(11, blocks) TILE(12, blocks)
MANY(1) MANY(2) FEW(4)

static tile_function *const one_block[MOST_ROWS] = {
    tile_1_1, tile_2_1, tile_3_1, tile_4_1,  tile_5_1,  tile_6_1,
    tile_7_1, tile_8_1, tile_9_1, tile_10_1, tile_11_1, tile_12_1,
};
static tile_function *const two_blocks[MOST_ROWS] = {
    tile_1_2, tile_2_2, tile_3_2, tile_4_2,  tile_5_2,  tile_6_2,
    tile_7_2, tile_8_2, tile_9_2, tile_10_2, tile_11_2, tile_12_2,
};
static tile_function *const four_blocks[FEW_ROWS] = {
    tile_1_4, tile_2_4, tile_3_4, tile_4_4, tile_5_4, tile_6_4,
};

static void pass(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end) {
  const size_t depth = duri_bf16_depth(product->weights.inputs), block = depth * 16;
  const size_t rows = row_end - row_begin;
  const uint8_t *packed = (const uint8_t *)product->weights.packed;
  // Rows are spread evenly over the tiles.
  const size_t count = (rows + MOST_ROWS - 1) / MOST_ROWS, even = rows / count,
               longer = rows % count;
  _Alignas(64) float c[MOST_ROWS * 32];
  for (size_t o = output_begin; o < output_end;) {
    const size_t rest = output_end - o;
    const size_t blocks = rest > 48 && rows <= FEW_ROWS ? 4 : rest > 16 ? 2 : 1;
    tile_function *const *tiles = blocks == 4 ? four_blocks : blocks == 2 ? two_blocks : one_block;
    const size_t outputs = rest < blocks * 16 ? rest : blocks * 16;
    const uint8_t *w = packed + o * depth;
    size_t ahead = block < DURI_AHEAD ? block : DURI_AHEAD;
    size_t t = row_begin;
    for (size_t j = 0; j < count; j++) {
      const size_t taken = even + (j < longer);
      const uint8_t *x = (const uint8_t *)(product->x + t * product->ldx);
      tiles[taken - 1](c, x, product->ldx * 2, w, block, ahead);
      duri_bf16_finish_avx512bf16(product, c, blocks * 16, t, taken, o, outputs);
      t += taken;
      ahead = 0;
    }
    o += outputs;
  }
}

static void linear(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_bf16_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_bf16_kernels duri_bf16_avx512bf16 = {
    .name = "avx512bf16",
    .round = duri_bf16_round_avx512bf16,
    .norm = duri_bf16_norm_avx512bf16,
    .linear = linear,
};

#endif
