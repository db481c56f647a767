// The search kernels for AVX2, FMA and POPCNT.

#include "search_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// MARK: f32

// Sixteen lanes of one product.
typedef struct lanes {
  __m256 low, high;
} lanes;

// Lanes `from` ... `from + 7` of the last n % 16: a mask.
DURI_SEARCH_AVX2 DURI_INLINE __m256i tail_mask(size_t rest, size_t from) {
  const int count = rest > from ? (int)(rest - from) : 0;
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

DURI_SEARCH_AVX2 DURI_INLINE float sum_of(lanes s) {
  const __m256 eight = _mm256_add_ps(s.low, s.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Products of `nq` queries and `nr` rows: one of both is 1, or both are 2.
DURI_SEARCH_AVX2 DURI_INLINE void tile(float *scores, size_t lds, const float *query, size_t nq,
                                       const float *const row[], size_t nr, size_t n) {
  lanes sum[2][4];
  for (size_t q = 0; q < nq; q++) {
    for (size_t r = 0; r < nr; r++) {
      sum[q][r].low = _mm256_setzero_ps();
      sum[q][r].high = _mm256_setzero_ps();
    }
  }
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < nr; r++) {
      const __m256 low = _mm256_loadu_ps(row[r] + i), high = _mm256_loadu_ps(row[r] + i + 8);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < nq; q++) {
        lanes *s = &sum[q][r];
        s->low = _mm256_fmadd_ps(_mm256_loadu_ps(query + q * n + i), low, s->low);
        s->high = _mm256_fmadd_ps(_mm256_loadu_ps(query + q * n + i + 8), high, s->high);
      }
    }
  }
  if (i < n) {
    const __m256i first = tail_mask(n - i, 0), second = tail_mask(n - i, 8);
    for (size_t r = 0; r < nr; r++) {
      for (size_t q = 0; q < nq; q++) {
        const float *x = query + q * n + i;
        lanes *s = &sum[q][r];
        s->low = _mm256_fmadd_ps(_mm256_maskload_ps(x, first),
                                 _mm256_maskload_ps(row[r] + i, first), s->low);
        // Nothing is added beyond the row: the address must not be either.
        if (n - i > 8) {
          s->high = _mm256_fmadd_ps(_mm256_maskload_ps(x + 8, second),
                                    _mm256_maskload_ps(row[r] + i + 8, second), s->high);
        }
      }
    }
  }
  for (size_t q = 0; q < nq; q++) {
    for (size_t r = 0; r < nr; r++) scores[q * lds + r] = sum_of(sum[q][r]);
  }
}

DURI_SEARCH_AVX2 static void dot_f32(float *scores, size_t lds, const float *queries,
                                     size_t count_q, const float *rows, size_t count, size_t n) {
  for (size_t r = 0; r < count; r += 4) {
    const size_t taken = count - r < 4 ? count - r : 4;
    const float *row[4];
    for (size_t j = 0; j < 4; j++) row[j] = rows + (r + (j < taken ? j : 0)) * n;
    for (size_t i = 0; i < n; i += 16) _mm_prefetch(row[0] + 4 * n + i, _MM_HINT_T0);
    size_t q = 0;
    for (; taken == 4 && q + 2 <= count_q; q += 2) {
      tile(scores + q * lds + r, lds, queries + q * n, 2, row, 2, n);
      tile(scores + q * lds + r + 2, lds, queries + q * n, 2, row + 2, 2, n);
    }
    for (; q < count_q; q++) {
      float *out = scores + q * lds + r;
      if (taken == 4) {
        tile(out, lds, queries + q * n, 1, row, 4, n);
      } else {
        for (size_t j = 0; j < taken; j++) tile(out + j, lds, queries + q * n, 1, row + j, 1, n);
      }
    }
  }
}

DURI_SEARCH_AVX2 static void dot_f32_at(float *scores, const float *query, const float *rows,
                                        const uint32_t *at, size_t count, size_t n) {
  for (size_t j = 0; j < count; j++) {
    if (j + 4 < count) {
      for (size_t i = 0; i < n; i += 16) _mm_prefetch(rows + at[j + 4] * n + i, _MM_HINT_T0);
    }
    const float *const row = rows + at[j] * n;
    tile(scores + j, 1, query, 1, &row, 1, n);
  }
}

// MARK: int8

// Sums of products of `v` with 32 bytes of a query; magnitude = |v|. A pair of products is at most
// 2 * 128 * 127 and fits 16 bits.
DURI_SEARCH_AVX2 DURI_INLINE __m256i products(__m256i magnitude, __m256i v, const int8_t *query) {
  const __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)query);
  const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(q, v));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

DURI_SEARCH_AVX2 DURI_INLINE float total(__m256i s) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1));
  return (float)_mm_cvtsi128_si32(four);
}

DURI_SEARCH_AVX2 DURI_INLINE float dot_row(const int8_t *query, const int8_t *row, float scale,
                                           size_t padded) {
  __m256i high = _mm256_setzero_si256(), low = _mm256_setzero_si256();
  for (size_t i = 0; i < padded; i += 32) {
    const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(row + i));
    const __m256i magnitude = _mm256_abs_epi8(v);
    high = _mm256_add_epi32(high, products(magnitude, v, query + i));
    low = _mm256_add_epi32(low, products(magnitude, v, query + padded + i));
  }
  return __builtin_fmaf(254, total(high), total(low)) * scale;
}

DURI_SEARCH_AVX2 static void dot_int8(float *scores, size_t lds, const int8_t *queries,
                                      size_t count_q, const int8_t *rows, const float *scales,
                                      size_t count, size_t padded) {
  for (size_t r = 0; r < count; r++) {
    const int8_t *row = rows + r * padded;
    for (size_t i = 0; i < padded; i += 64) _mm_prefetch(row + i + 4096, _MM_HINT_T0);
    for (size_t q = 0; q < count_q; q++) {
      scores[q * lds + r] =
          dot_row(queries + q * DURI_SEARCH_DIGITS * padded, row, scales[r], padded);
    }
  }
}

DURI_SEARCH_AVX2 static void dot_int8_at(float *scores, const int8_t *query, const int8_t *rows,
                                         const float *scales, const uint32_t *at, size_t count,
                                         size_t padded) {
  for (size_t j = 0; j < count; j++) {
    if (j + 8 < count) {
      const int8_t *later = rows + at[j + 8] * padded;
      for (size_t i = 0; i < padded; i += 64) _mm_prefetch(later + i, _MM_HINT_T0);
    }
    scores[j] = dot_row(query, rows + at[j] * padded, scales[at[j]], padded);
  }
}

// MARK: Signs

DURI_SEARCH_AVX2 static void mismatch(uint16_t *scores, size_t lds, const uint64_t *queries,
                                      size_t count_q, const uint64_t *bits, size_t count,
                                      size_t words) {
  for (size_t q = 0; q < count_q; q++) {
    const uint64_t *signs = queries + q * DURI_SEARCH_PLANES * words;
    const uint64_t *one = signs + words, *two = one + words;
    for (size_t r = 0; r < count; r++) {
      const uint64_t *row = bits + r * words;
      uint64_t ones = 0, twos = 0;
      for (size_t w = 0; w < words; w++) {
        const uint64_t differ = row[w] ^ signs[w];
        ones += (uint64_t)__builtin_popcountll(differ & one[w]);
        twos += (uint64_t)__builtin_popcountll(differ & two[w]);
      }
      scores[q * lds + r] = (uint16_t)(ones + 2 * twos);
    }
  }
}

// MARK: Selection

DURI_INLINE uint32_t live_bits(const uint64_t *live, size_t r) {
  return live == NULL ? UINT32_MAX : (uint32_t)(live[r / 64] >> r % 64);
}

DURI_SEARCH_AVX2 static size_t above(uint32_t *found, const float *scores, const float *scales,
                                     float margin, size_t count, float threshold,
                                     const uint64_t *live) {
  const __m256 limit = _mm256_set1_ps(threshold), factor = _mm256_set1_ps(margin);
  size_t taken = 0, r = 0;
  for (; r + 8 <= count; r += 8) {
    const __m256 bound =
        _mm256_fmadd_ps(factor, _mm256_loadu_ps(scales + r), _mm256_loadu_ps(scores + r));
    unsigned hits = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(bound, limit, _CMP_GT_OQ));
    for (hits &= live_bits(live, r); hits != 0; hits &= hits - 1) {
      found[taken++] = (uint32_t)r + (uint32_t)__builtin_ctz(hits);
    }
  }
  for (; r < count; r++) {
    const float bound = __builtin_fmaf(margin, scales[r], scores[r]);
    if (bound > threshold && (live_bits(live, r) & 1) != 0) found[taken++] = (uint32_t)r;
  }
  return taken;
}

DURI_SEARCH_AVX2 static size_t below(uint32_t *found, const uint16_t *scores, size_t count,
                                     uint16_t threshold, const uint64_t *live) {
  if (threshold == 0) return 0;
  const __m256i most = _mm256_set1_epi16((short)(threshold - 1));
  size_t taken = 0, r = 0;
  for (; r + 16 <= count; r += 16) {
    const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(scores + r));
    // One byte a score: 0xFF where min(v, most) = v.
    const __m256i low = _mm256_cmpeq_epi16(_mm256_min_epu16(v, most), v);
    const __m128i bytes =
        _mm_packs_epi16(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    unsigned hits = (unsigned)_mm_movemask_epi8(bytes);
    for (hits &= live_bits(live, r); hits != 0; hits &= hits - 1) {
      found[taken++] = (uint32_t)r + (uint32_t)__builtin_ctz(hits);
    }
  }
  for (; r < count; r++) {
    if (scores[r] < threshold && (live_bits(live, r) & 1) != 0) found[taken++] = (uint32_t)r;
  }
  return taken;
}

const duri_search_kernels duri_search_avx2 = {
    .name = "avx2",
    .dot_f32 = dot_f32,
    .dot_int8 = dot_int8,
    .mismatch = mismatch,
    .dot_f32_at = dot_f32_at,
    .dot_int8_at = dot_int8_at,
    .above = above,
    .below = below,
};
#endif
