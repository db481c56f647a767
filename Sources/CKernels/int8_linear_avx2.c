// Products for AVX2 without VNNI.
//
// vpmaddubsw adds two products of an unsigned and a signed byte in 16 bits and saturates: 2 * 255 *
// 127 does not fit. So the row is taken as p = q - 128, in -128...127, and its sign is moved to the
// weight: |p| * (sign(p) * w), with |w| <= 127 (never -128, which has no opposite). Two of these
// are at most 2 * 128 * 127 = 32512, which fits. In the end, sum q * w = sum p * w + 128 * sum w.
//
// A tile is up to 4 rows times one block of outputs. (Widening both operands to 16 bits for
// vpmaddwd instead measured 20 % slower, and 40 % for one row.)

#include "int8_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { MOST_ROWS = 4, CHUNK = 1024 };

DURI_AVX2 DURI_INLINE __m256i load(const void *p) { return _mm256_loadu_si256(p); }

DURI_AVX2 DURI_INLINE __m256i broadcast(const void *p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return _mm256_set1_epi32(four);
}

// s + the products of four bytes, |p| in `size` and sign(p) in `sign`, with a weight's four.
DURI_AVX2 DURI_INLINE __m256i add_products(__m256i s, __m256i size, __m256i sign, __m256i w) {
  const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(w, sign));
  return _mm256_add_epi32(s, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

// c (rows, 16) = the sums of rows q and of one block of weights, whose own sums are `total` (16).
// ahead: distance to weights to fetch early, or 0.
DURI_AVX2 DURI_INLINE void tile(const size_t rows, int32_t *c, const uint8_t *q, size_t ldq,
                                const int8_t *w, const int32_t *total, size_t depth, size_t ahead) {
  _Alignas(32) uint8_t size[MOST_ROWS][CHUNK], sign[MOST_ROWS][CHUNK];
  __m256i sum[MOST_ROWS][2];
  for (size_t t = 0; t < rows; t++) {
    sum[t][0] = _mm256_slli_epi32(load(total), 7);
    sum[t][1] = _mm256_slli_epi32(load(total + 8), 7);
  }
  for (size_t i0 = 0; i0 < depth; i0 += CHUNK) {
    const size_t width = depth - i0 < CHUNK ? depth - i0 : CHUNK;
    for (size_t t = 0; t < rows; t++) {
      for (size_t i = 0; i < width; i += 32) {
        const __m256i p = _mm256_xor_si256(load(q + t * ldq + i0 + i), _mm256_set1_epi8(-128));
        _mm256_store_si256((__m256i *)(void *)(sign[t] + i), p);
        _mm256_store_si256((__m256i *)(void *)(size[t] + i), _mm256_abs_epi8(p));
      }
    }
    const int8_t *group = w + i0 * 16;
#pragma clang loop unroll_count(2)
    for (size_t i = 0; i < width; i += 4, group += 64) {
      const __m256i left = load(group), right = load(group + 32);
      _mm_prefetch(group + ahead, _MM_HINT_T0);
#pragma clang loop unroll(full)
      for (size_t t = 0; t < rows; t++) {
        const __m256i size_4 = broadcast(size[t] + i), sign_4 = broadcast(sign[t] + i);
        sum[t][0] = add_products(sum[t][0], size_4, sign_4, left);
        sum[t][1] = add_products(sum[t][1], size_4, sign_4, right);
        // One row after the other: see int8_linear_avx512.c.
        __asm__ volatile("" : "+x"(sum[t][0]), "+x"(sum[t][1]) : : "memory");
      }
    }
  }
  for (size_t t = 0; t < rows; t++) {
    _mm256_store_si256((__m256i *)(void *)(c + t * 16), sum[t][0]);
    _mm256_store_si256((__m256i *)(void *)(c + t * 16 + 8), sum[t][1]);
  }
}

DURI_AVX2 static void tile_of(size_t rows, int32_t *c, const uint8_t *q, size_t ldq,
                              const int8_t *w, const int32_t *total, size_t depth, size_t ahead) {
  switch (rows) {
    case 1: tile(1, c, q, ldq, w, total, depth, ahead); break;
    case 2: tile(2, c, q, ldq, w, total, depth, ahead); break;
    case 3: tile(3, c, q, ldq, w, total, depth, ahead); break;
    default: tile(4, c, q, ldq, w, total, depth, ahead); break;
  }
}

static void pass(const duri_int8_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end) {
  const size_t depth = duri_int8_depth(product->weights.inputs);
  _Alignas(64) int32_t c[MOST_ROWS * 16];
  for (size_t o = output_begin; o < output_end; o += 16) {
    const size_t outputs = output_end - o < 16 ? output_end - o : 16;
    for (size_t t = row_begin; t < row_end; t += MOST_ROWS) {
      const size_t taken = row_end - t < MOST_ROWS ? row_end - t : MOST_ROWS;
      tile_of(taken, c, product->q + t * product->ldq, product->ldq,
              product->weights.packed + o * depth, product->weights.sum + o, depth,
              t == row_begin ? DURI_AHEAD : 0);
      duri_int8_finish_avx2(product, c, 16, t, taken, o, outputs);
    }
  }
}

static void linear(const duri_int8_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_int8_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_int8_kernels duri_int8_avx2 = {
    .name = "avx2",
    .pack = duri_int8_pack_avx2,
    .quantize = duri_int8_quantize_avx2,
    .norm_quantize = duri_int8_norm_quantize_avx2,
    .linear = linear,
};

#endif
