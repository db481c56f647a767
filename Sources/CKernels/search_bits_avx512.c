// Products of signs for AVX-512 VPOPCNTDQ: eight rows at a time, eight words of each in a register.

#include "search_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { ROWS = 8, WORDS = 8 };

// result[j] = sum of the lanes of s[j].
DURI_SEARCH_AVX512 DURI_INLINE __m512i reduce(const __m512i s[8]) {
  __m512i pair[4], four[2];
  // Lane 2 i of pair j belongs to row 2 j, lane 2 i + 1 to row 2 j + 1.
  for (size_t j = 0; j < 4; j++) {
    pair[j] = _mm512_add_epi64(_mm512_unpacklo_epi64(s[2 * j], s[2 * j + 1]),
                               _mm512_unpackhi_epi64(s[2 * j], s[2 * j + 1]));
  }
  for (size_t j = 0; j < 2; j++) {
    four[j] = _mm512_add_epi64(_mm512_shuffle_i64x2(pair[2 * j], pair[2 * j + 1], 0x88),
                               _mm512_shuffle_i64x2(pair[2 * j], pair[2 * j + 1], 0xDD));
  }
  return _mm512_add_epi64(_mm512_shuffle_i64x2(four[0], four[1], 0x88),
                          _mm512_shuffle_i64x2(four[0], four[1], 0xDD));
}

// Three registers of a query's planes; the magnitudes are 0 beyond its words.
typedef struct planes {
  __m512i signs, one, two;
} planes;

DURI_SEARCH_AVX512 DURI_INLINE planes planes_at(const uint64_t *query, size_t words,
                                                __mmask8 mask) {
  return (planes){_mm512_maskz_loadu_epi64(mask, query),
                  _mm512_maskz_loadu_epi64(mask, query + words),
                  _mm512_maskz_loadu_epi64(mask, query + 2 * words)};
}

// What eight words of a row give: lanes whose sum is the row's part.
DURI_SEARCH_AVX512 DURI_INLINE __m512i count(__m512i row, planes query) {
  // 0x28: (row ^ signs) & magnitude.
  const __m512i one =
      _mm512_popcnt_epi64(_mm512_ternarylogic_epi64(row, query.signs, query.one, 0x28));
  const __m512i two =
      _mm512_popcnt_epi64(_mm512_ternarylogic_epi64(row, query.signs, query.two, 0x28));
  return _mm512_add_epi64(one, _mm512_add_epi64(two, two));
}

// Eight words from `word` on of each row.
//
// Words of the next rows do no harm, as the query's magnitudes are 0 there, and loads with a mask are
// five times slower from memory: `mask` is used at the end of the rows only. end: behind the last
// word of the last row.
DURI_SEARCH_AVX512 DURI_INLINE void load(__m512i v[ROWS], const uint64_t *const row[ROWS],
                                         size_t word, __mmask8 mask, const uint64_t *end) {
  if ((size_t)(end - row[ROWS - 1]) >= word + WORDS) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < ROWS; j++) v[j] = _mm512_loadu_si512(row[j] + word);
  } else {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < ROWS; j++) v[j] = _mm512_maskz_loadu_epi64(mask, row[j] + word);
  }
}

DURI_SEARCH_AVX512 DURI_INLINE void store(uint16_t *scores, size_t taken, const __m512i sum[ROWS]) {
  _mm_mask_storeu_epi16(scores, (__mmask8)(0xFF >> (ROWS - taken)),
                        _mm512_cvtepi64_epi16(reduce(sum)));
}

// Rows r ..< r + taken; the last one stands for those beyond.
DURI_INLINE void rows_at(const uint64_t *row[ROWS], const uint64_t *bits, size_t r, size_t taken,
                         size_t words) {
  for (size_t j = 0; j < ROWS; j++) row[j] = bits + (r + (j < taken ? j : taken - 1)) * words;
  for (size_t l = 0; l < words; l++) {
    _mm_prefetch((const char *)row[0] + 4096 + l * 64, _MM_HINT_T0);
  }
}

// Rows of at most eight words: they stay in registers while all queries pass.
DURI_SEARCH_AVX512 static void short_rows(uint16_t *scores, size_t lds, const uint64_t *queries,
                                          size_t count_q, const uint64_t *bits, size_t count_r,
                                          size_t words) {
  const __mmask8 mask = (__mmask8)(0xFF >> (WORDS - words));
  for (size_t r = 0; r < count_r; r += ROWS) {
    const size_t taken = count_r - r < ROWS ? count_r - r : ROWS;
    const uint64_t *row[ROWS];
    __m512i v[ROWS];
    rows_at(row, bits, r, taken, words);
    load(v, row, 0, mask, bits + count_r * words);
    for (size_t q = 0; q < count_q; q++) {
      const planes query = planes_at(queries + q * DURI_SEARCH_PLANES * words, words, mask);
      __m512i sum[ROWS];
#pragma clang loop unroll(full)
      for (size_t j = 0; j < ROWS; j++) sum[j] = count(v[j], query);
      store(scores + q * lds + r, taken, sum);
    }
  }
}

DURI_SEARCH_AVX512 static void long_rows(uint16_t *scores, const uint64_t *query,
                                         const uint64_t *bits, size_t count_r, size_t words) {
  for (size_t r = 0; r < count_r; r += ROWS) {
    const size_t taken = count_r - r < ROWS ? count_r - r : ROWS;
    const uint64_t *row[ROWS];
    __m512i sum[ROWS];
    rows_at(row, bits, r, taken, words);
    for (size_t j = 0; j < ROWS; j++) sum[j] = _mm512_setzero_si512();
    for (size_t w = 0; w < words; w += WORDS) {
      const __mmask8 mask = (__mmask8)(words - w < WORDS ? 0xFF >> (WORDS - (words - w)) : 0xFF);
      const planes part = planes_at(query + w, words, mask);
      __m512i v[ROWS];
      load(v, row, w, mask, bits + count_r * words);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < ROWS; j++) sum[j] = _mm512_add_epi64(sum[j], count(v[j], part));
    }
    store(scores + r, taken, sum);
  }
}

DURI_SEARCH_AVX512 void duri_search_mismatch_avx512(uint16_t *scores, size_t lds,
                                                    const uint64_t *queries, size_t count_q,
                                                    const uint64_t *bits, size_t count_r,
                                                    size_t words) {
  if (words == 0) return;
  if (words <= WORDS) {
    short_rows(scores, lds, queries, count_q, bits, count_r, words);
    return;
  }
  for (size_t q = 0; q < count_q; q++) {
    long_rows(scores + q * lds, queries + q * DURI_SEARCH_PLANES * words, bits, count_r, words);
  }
}
#endif
