// Products in int8 for AVX-512 VNNI: vpdpbusd adds four products of an unsigned and a signed byte to
// each of 16 sums. The rows become unsigned by adding 128, for which the sums begin with -128 times
// the query's bytes. Both digits of a query pass a row together.

#include "search_reduce_avx512.h"

#if defined(__x86_64__)

enum {
  // Rows and queries of a tile: 16 sums with both digits.
  ROWS = 4,
  QUERIES = 2,
  DIGITS = DURI_SEARCH_DIGITS,
  // Rows that all queries pass before the next: they stay in the first-level cache.
  STRIP = 32,
};

// -128 times the sum of `bytes` (padded), in lanes.
DURI_SEARCH_AVX512 DURI_INLINE __m512i start(const int8_t *bytes, size_t padded) {
  const __m512i offset = _mm512_set1_epi8((char)0x80);
  __m512i sum = _mm512_setzero_si512();
  for (size_t i = 0; i < padded; i += 64) {
    sum = _mm512_dpbusd_epi32(sum, offset, _mm512_loadu_si512(bytes + i));
  }
  return _mm512_sub_epi32(_mm512_setzero_si512(), sum);
}

// Scores of eight rows from their sums: registers 0 ... 7 of the first digit, 8 ... 15 of the second.
DURI_SEARCH_AVX512 DURI_INLINE __m256 finish(const __m512i sum[16], __m256 scale) {
  const __m512 all = _mm512_cvtepi32_ps(duri_reduce_i32(sum));
  const __m256 high = _mm512_castps512_ps256(all), low = _mm512_extractf32x8_ps(all, 1);
  return _mm256_mul_ps(_mm256_fmadd_ps(_mm256_set1_ps(254), high, low), scale);
}

DURI_SEARCH_AVX512 DURI_INLINE void row_lanes(__m512i *high, __m512i *low, const int8_t *query,
                                              const int8_t *row, size_t padded, size_t ahead) {
  const __m512i offset = _mm512_set1_epi8((char)0x80);
  for (size_t i = 0; i < padded; i += 64) {
    _mm_prefetch(row + i + ahead, _MM_HINT_T0);
    const __m512i v = _mm512_xor_si512(_mm512_loadu_si512(row + i), offset);
    *high = _mm512_dpbusd_epi32(*high, v, _mm512_loadu_si512(query + i));
    *low = _mm512_dpbusd_epi32(*low, v, _mm512_loadu_si512(query + padded + i));
  }
}

DURI_SEARCH_AVX512 static void one_query(float *scores, const int8_t *query, const int8_t *rows,
                                         const float *scales, size_t count, size_t padded) {
  const __m512i start_high = start(query, padded), start_low = start(query + padded, padded);
  for (size_t r = 0; r < count; r += 8) {
    const size_t taken = count - r < 8 ? count - r : 8;
    const __mmask8 mask = (__mmask8)duri_mask16(taken);
    __m512i sum[16];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < 8; j++) {
      sum[j] = start_high;
      sum[8 + j] = start_low;
      if (j < taken) row_lanes(sum + j, sum + 8 + j, query, rows + (r + j) * padded, padded, 8192);
    }
    const __m256 scale = _mm256_maskz_loadu_ps(mask, scales + r);
    _mm256_mask_storeu_ps(scores + r, mask, finish(sum, scale));
  }
}

// Four rows by two queries; starts: (QUERIES, DIGITS). Prefetches `lines` cache lines from `next`.
DURI_SEARCH_AVX512 DURI_INLINE void tile(float *scores, size_t lds, const int8_t *queries,
                                         const __m512i *starts, const int8_t *rows,
                                         const float *scales, size_t padded, const char *next,
                                         size_t lines) {
  const __m512i offset = _mm512_set1_epi8((char)0x80);
  __m512i sum[16];  // (DIGITS, QUERIES, ROWS)
#pragma clang loop unroll(full)
  for (size_t j = 0; j < 16; j++) sum[j] = starts[j / ROWS % QUERIES * DIGITS + j / 8];
  for (size_t l = 0; l < lines; l++) _mm_prefetch(next + l * 64, _MM_HINT_T1);
  for (size_t i = 0; i < padded; i += 64) {
    __m512i row[ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < ROWS; r++) {
      row[r] = _mm512_xor_si512(_mm512_loadu_si512(rows + r * padded + i), offset);
    }
#pragma clang loop unroll(full)
    for (size_t q = 0; q < QUERIES; q++) {
#pragma clang loop unroll(full)
      for (size_t d = 0; d < DIGITS; d++) {
        const __m512i digit = _mm512_loadu_si512(queries + (q * DIGITS + d) * padded + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < ROWS; r++) {
          __m512i *s = sum + d * 8 + q * ROWS + r;
          *s = _mm512_dpbusd_epi32(*s, row[r], digit);
        }
      }
    }
  }
  const __m128 scale = _mm_loadu_ps(scales);
  const __m256 all = finish(sum, _mm256_insertf128_ps(_mm256_castps128_ps256(scale), scale, 1));
  _mm_storeu_ps(scores, _mm256_castps256_ps128(all));
  _mm_storeu_ps(scores + lds, _mm256_extractf128_ps(all, 1));
}

// Of a group of queries that is even in number and at most 64.
DURI_SEARCH_AVX512 static void tiles(float *scores, size_t lds, const int8_t *queries,
                                     size_t count_q, const int8_t *rows, const float *scales,
                                     size_t count, size_t padded) {
  __m512i starts[64 * DIGITS];
  for (size_t j = 0; j < count_q * DIGITS; j++) starts[j] = start(queries + j * padded, padded);
  const size_t in_strip = count_q / QUERIES * (STRIP / ROWS);
  const size_t lines = (STRIP * padded / 64 + in_strip - 1) / in_strip;
  for (size_t strip = 0; strip < count; strip += STRIP) {
    const size_t end = strip + STRIP < count ? strip + STRIP : count;
    const char *next = (const char *)(rows + end * padded);
    for (size_t q = 0; q < count_q; q += QUERIES) {
      for (size_t r = strip; r < end; r += ROWS) {
        tile(scores + q * lds + r, lds, queries + q * DIGITS * padded, starts + q * DIGITS,
             rows + r * padded, scales + r, padded, next, lines);
        next += lines * 64;
      }
    }
  }
}

DURI_SEARCH_AVX512 void duri_search_dot_int8_avx512(float *scores, size_t lds,
                                                    const int8_t *queries, size_t count_q,
                                                    const int8_t *rows, const float *scales,
                                                    size_t count, size_t padded) {
  const size_t tiled_q = count_q / QUERIES * QUERIES, tiled = count / ROWS * ROWS;
  for (size_t q = 0; q < tiled_q && tiled > 0; q += 64) {
    const size_t group = tiled_q - q < 64 ? tiled_q - q : 64;
    tiles(scores + q * lds, lds, queries + q * DIGITS * padded, group, rows, scales, tiled, padded);
  }
  for (size_t q = 0; q < count_q; q++) {
    const size_t done = q < tiled_q ? tiled : 0;
    one_query(scores + q * lds + done, queries + q * DIGITS * padded, rows + done * padded,
              scales + done, count - done, padded);
  }
}

DURI_SEARCH_AVX512 void duri_search_dot_int8_at_avx512(float *scores, const int8_t *query,
                                                       const int8_t *rows, const float *scales,
                                                       const uint32_t *at, size_t count,
                                                       size_t padded) {
  const __m512i start_high = start(query, padded), start_low = start(query + padded, padded);
  for (size_t r = 0; r < count; r += 8) {
    const size_t taken = count - r < 8 ? count - r : 8;
    // Rows that come two groups later.
    const size_t later = r + 16 < count ? r + 16 : count, end = r + 24 < count ? r + 24 : count;
    for (size_t j = later; j < end; j++) {
      _mm_prefetch(scales + at[j], _MM_HINT_T0);
      for (size_t i = 0; i < padded; i += 64) _mm_prefetch(rows + at[j] * padded + i, _MM_HINT_T0);
    }
    __m512i sum[16];
    float scale[8] = {0};
#pragma clang loop unroll(full)
    for (size_t j = 0; j < 8; j++) {
      sum[j] = start_high;
      sum[8 + j] = start_low;
      if (j >= taken) continue;
      scale[j] = scales[at[r + j]];
      row_lanes(sum + j, sum + 8 + j, query, rows + at[r + j] * padded, padded, 0);
    }
    _mm256_mask_storeu_ps(scores + r, (__mmask8)duri_mask16(taken),
                          finish(sum, _mm256_loadu_ps(scale)));
  }
}
#endif
