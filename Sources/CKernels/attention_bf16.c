// Attention of one head of one text with products in bfloat16 (AVX-512 BF16): sums and softmax stay in
// 32 bits.
//
// vdpbf16ps adds two products to each of 16 sums, so both products take their inner dimension in
// pairs: keys are packed as (blocks of 32 keys, D / 2, 32) pairs, values as (blocks of 32 columns,
// n / 2, 32) pairs. Both are then the same small product: up to 12 rows times one block, whose
// pairs lie in one run. Twelve queries at a time pass through scores, softmax and values, so that
// their scores stay in the first-level cache (512 tokens: 24 KiB).
//
// Every sum is one chain in ascending order: neither the queries of a call nor their number changes
// a bit.

#include <math.h>
#include <stdint.h>

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Queries computed together, and columns of a block.
enum { ROWS = 12, BLOCK = 32 };

DURI_AVX512BF16 DURI_INLINE __mmask16 lanes(size_t n) {
  return n >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << n) - 1);
}

static size_t blocks_of(size_t n) { return n / BLOCK + (n % BLOCK != 0); }

// Where everything lies in the scratch memory; sizes in 4-byte words.
typedef struct layout {
  size_t depth;      // Pairs of one key, a multiple of 16: what is loaded of a row at a time.
  size_t keys;       // Rows of values in pairs.
  size_t key_words, value_words, score_words, query_words;
} layout;

static layout layout_of(size_t n, size_t head_size) {
  layout l;
  l.depth = blocks_of(head_size) * 16;
  l.keys = blocks_of(n) * 16;
  l.key_words = blocks_of(n) * BLOCK * l.depth;
  l.value_words = blocks_of(head_size) * BLOCK * l.keys;
  l.score_words = ROWS * blocks_of(n) * BLOCK;
  l.query_words = ROWS * l.depth;
  return l;
}

static size_t scratch_of(size_t n, size_t head_size) {
  // Far below any size that overflows, far above any model.
  if (n > (1u << 24) || head_size > (1u << 16)) return 0;
  const layout l = layout_of(n, head_size);
  return l.key_words + l.value_words + l.score_words + l.query_words;
}

// 32 floats, of which n count, to 16 pairs.
DURI_AVX512BF16 DURI_INLINE __m512i pairs(const float *x, size_t n) {
  const __m512 low = _mm512_maskz_loadu_ps(lanes(n), x);
  const __m512 high = _mm512_maskz_loadu_ps(lanes(n > 16 ? n - 16 : 0), x + 16);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// Transposes 16 vectors of 16 words.
DURI_AVX512BF16 DURI_INLINE void transpose(__m512i r[16]) {
  __m512i t[16];
  for (size_t i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (size_t i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (size_t i = 0; i < 16; i += 8) {
    for (size_t j = 0; j < 4; j++) {
      t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
      t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xDD);
    }
  }
  for (size_t j = 0; j < 8; j++) {
    r[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
    r[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xDD);
  }
}

// k (n, D) to (blocks of 32 keys, depth, 32) pairs.
DURI_AVX512BF16 static void pack_keys(uint32_t *packed, const float *k, size_t ld, size_t n,
                                      size_t head_size, size_t depth) {
  for (size_t key = 0; key < n; key += 16) {
    uint32_t *block = packed + key / BLOCK * BLOCK * depth + key % BLOCK;
    for (size_t d = 0; d < depth; d += 16) {
      __m512i rows[16];
      for (size_t i = 0; i < 16; i++) {
        rows[i] = key + i < n ? pairs(k + (key + i) * ld + 2 * d, head_size - 2 * d)
                              : _mm512_setzero_si512();
      }
      transpose(rows);
      for (size_t i = 0; i < 16; i++) _mm512_storeu_si512(block + (d + i) * BLOCK, rows[i]);
    }
  }
}

// v (n, D) to (blocks of 32 columns, n / 2, 32) pairs of rows; `keys` is the block's length.
DURI_AVX512BF16 static void pack_values(uint32_t *packed, const float *v, size_t ld, size_t n,
                                        size_t head_size, size_t keys) {
  // Word i of a row's half next to word i of the other row's.
  const __m512i even = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,
                                        23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  for (size_t j = 0; j < head_size; j += 16) {
    uint32_t *block = packed + j / BLOCK * BLOCK * keys + j % BLOCK;
    const __mmask16 mask = lanes(head_size - j);
    for (size_t m = 0; m < n; m += 2) {
      const __m512 upper = _mm512_maskz_loadu_ps(mask, v + m * ld + j);
      const __m512 lower = m + 1 < n ? _mm512_maskz_loadu_ps(mask, v + (m + 1) * ld + j)
                                     : _mm512_setzero_ps();
      const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(lower, upper);
      _mm512_storeu_si512(block + m / 2 * BLOCK, _mm512_permutexvar_epi16(even, both));
    }
  }
}

// sum[r] = sum over `depth` of a[r] * b: pairs a (rows, depth), b (depth, 32); `vectors` of b's 2 halves
// are wanted.
DURI_AVX512BF16 DURI_INLINE void product(const size_t rows, const size_t vectors,
                                         __m512 sum[ROWS][2], const uint32_t *a, size_t lda,
                                         const uint32_t *b, size_t depth) {
  for (size_t r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm512_setzero_ps();
  for (size_t d = 0; d < depth; d++) {
    const __m512bh left = (__m512bh)_mm512_loadu_si512(b + d * BLOCK);
    const __m512bh right =
        vectors > 1 ? (__m512bh)_mm512_loadu_si512(b + d * BLOCK + 16) : left;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const __m512bh pair = (__m512bh)_mm512_set1_epi32((int32_t)a[r * lda + d]);
      sum[r][0] = _mm512_dpbf16_ps(sum[r][0], pair, left);
      if (vectors > 1) sum[r][1] = _mm512_dpbf16_ps(sum[r][1], pair, right);
    }
  }
}

// 2^x for x <= 0, minimax, relative error 7.5e-5; below 2^-126 that.
DURI_AVX512BF16 DURI_INLINE __m512 power_of_two(__m512 x) {
  // x second, so that a NaN survives.
  x = _mm512_max_ps(_mm512_set1_ps(-126), x);
  const __m512 k =
      _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(x, k);
  __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(0.05517167f), f, _mm512_set1_ps(0.24261112f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.69326099f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.99992807f));
  return _mm512_scalef_ps(p, k);
}

// Scores of `rows` queries, their softmax (not divided by its sum) as pairs in place, and 1 / sum.
DURI_AVX512BF16 DURI_INLINE void weigh(const size_t rows, float *scores, float inverse[ROWS],
                                       const uint32_t *q, const uint32_t *keys, size_t n,
                                       size_t depth, float scale) {
  const size_t width = blocks_of(n) * BLOCK;
  __m512 largest[ROWS];
  for (size_t r = 0; r < rows; r++) largest[r] = _mm512_set1_ps(-INFINITY);
  for (size_t j = 0; j < n; j += BLOCK) {
    __m512 sum[ROWS][2];
    if (n - j > 16) {
      product(rows, 2, sum, q, depth, keys + j * depth, depth);
    } else {
      product(rows, 1, sum, q, depth, keys + j * depth, depth);
    }
    const __mmask16 left = lanes(n - j), right = lanes(n - j > 16 ? n - j - 16 : 0);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      largest[r] = _mm512_mask_max_ps(largest[r], left, largest[r], sum[r][0]);
      largest[r] = _mm512_mask_max_ps(largest[r], right, largest[r], sum[r][1]);
      _mm512_storeu_ps(scores + r * width + j, sum[r][0]);
      _mm512_storeu_ps(scores + r * width + j + 16, sum[r][1]);
    }
  }
  // exp(scale * (s - max)) = 2^(s * factor - max * factor)
  const __m512 factor = _mm512_set1_ps(scale * DURI_LOG2_E);
  for (size_t r = 0; r < rows; r++) {
    float *s = scores + r * width;
    const __m512 shift =
        _mm512_mul_ps(_mm512_set1_ps(_mm512_reduce_max_ps(largest[r])), factor);
    __m512 left_total = _mm512_setzero_ps(), right_total = left_total;
    for (size_t j = 0; j < n; j += BLOCK) {
      const __mmask16 left = lanes(n - j), right = lanes(n - j > 16 ? n - j - 16 : 0);
      __m512 a = power_of_two(_mm512_fmsub_ps(_mm512_loadu_ps(s + j), factor, shift));
      __m512 b = power_of_two(_mm512_fmsub_ps(_mm512_loadu_ps(s + j + 16), factor, shift));
      a = _mm512_maskz_mov_ps(left, a);
      b = _mm512_maskz_mov_ps(right, b);
      left_total = _mm512_add_ps(left_total, a);
      right_total = _mm512_add_ps(right_total, b);
      // Half as wide as the scores: what is written has been read.
      _mm512_storeu_si512((uint32_t *)(void *)s + j / 2, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    }
    inverse[r] = 1 / _mm512_reduce_add_ps(_mm512_add_ps(left_total, right_total));
  }
}

// out (rows, D) of `rows` queries.
DURI_AVX512BF16 DURI_INLINE void attend(const size_t rows, float *out, size_t ldo, float *scores,
                                        uint32_t *queries, const float *q, size_t ldq,
                                        const uint32_t *keys, const uint32_t *values, size_t n,
                                        size_t head_size, const layout *l, float scale) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t d = 0; d < l->depth; d += 16) {
      _mm512_storeu_si512(queries + r * l->depth + d, pairs(q + r * ldq + 2 * d, head_size - 2 * d));
    }
  }
  float inverse[ROWS];
  weigh(rows, scores, inverse, queries, keys, n, l->depth, scale);
  const size_t width = blocks_of(n) * BLOCK;
  for (size_t j = 0; j < head_size; j += BLOCK) {
    __m512 sum[ROWS][2];
    product(rows, 2, sum, (const uint32_t *)(const void *)scores, width, values + j * l->keys,
            (n + 1) / 2);
    const __mmask16 left = lanes(head_size - j);
    const __mmask16 right = lanes(head_size - j > 16 ? head_size - j - 16 : 0);
    for (size_t r = 0; r < rows; r++) {
      const __m512 factor = _mm512_set1_ps(inverse[r]);
      _mm512_mask_storeu_ps(out + r * ldo + j, left, _mm512_mul_ps(sum[r][0], factor));
      _mm512_mask_storeu_ps(out + r * ldo + j + 16, right, _mm512_mul_ps(sum[r][1], factor));
    }
  }
}

#define ATTEND(rows)                                                                             \
  attend(rows, out_i, ldo, scores, queries, q_i, ldqkv, keys, values, n, head_size, &l, scale)

DURI_AVX512BF16 static void attention(float *out, size_t ldo, const float *qkv, size_t ldqkv,
                                      size_t n, size_t heads, size_t head_size, size_t head,
                                      size_t first, size_t count, float *scratch) {
  const size_t hidden = heads * head_size;
  const layout l = layout_of(n, head_size);
  const float scale = (float)(1 / sqrt((double)head_size));
  const float *q = qkv + head * head_size, *k = q + hidden, *v = k + hidden;  // (n, D) each
  uint32_t *keys = (uint32_t *)(void *)scratch, *values = keys + l.key_words;
  uint32_t *queries = values + l.value_words;
  float *scores = (float *)(void *)(queries + l.query_words);
  pack_keys(keys, k, ldqkv, n, head_size, l.depth);
  pack_values(values, v, ldqkv, n, head_size, l.keys);
  for (size_t i = first; i < first + count;) {
    const size_t rest = first + count - i;
    float *out_i = out + i * ldo + head * head_size;
    const float *q_i = q + i * ldqkv;
    const size_t rows = rest >= ROWS ? ROWS : rest >= 8 ? 8 : rest >= 4 ? 4 : 1;
    switch (rows) {
      case ROWS: ATTEND(ROWS); break;
      case 8: ATTEND(8); break;
      case 4: ATTEND(4); break;
      default: ATTEND(1); break;
    }
    i += rows;
  }
}

// The rest is AVX-512's.
const duri_kernels duri_kernels_avx512bf16 = {
    .name = "avx512bf16",
    .linear = duri_linear_avx512,
    .matmul = duri_matmul_avx512,
    .softmax = duri_softmax_avx512,
    .activate = duri_activate_avx512,
    .residual_norm = duri_residual_norm_avx512,
    .attention_bf16 = attention,
    .attention_bf16_scratch = scratch_of,
};

#endif
