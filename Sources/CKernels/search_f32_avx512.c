// Products in f32 for AVX-512.
//
// One query: sixteen rows one after the other, whose sixteen sums are then reduced together. The
// memory is what bounds it. Several queries: tiles of four by four, so that a register loaded is
// used four times.

#include "search_reduce_avx512.h"

#if defined(__x86_64__)

enum {
  TILE = 4,
  // Rows that all queries pass before the next: they stay in the first-level cache.
  STRIP = 16,
};

// Lanes of the last step of a row.
DURI_INLINE __mmask16 last_mask(size_t n) { return duri_mask16(n % 16); }

DURI_SEARCH_AVX512 DURI_INLINE __m512 row_lanes(const float *query, const float *row, size_t n,
                                                size_t ahead) {
  __m512 sum = _mm512_setzero_ps();
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    _mm_prefetch((const char *)(row + i) + ahead, _MM_HINT_T0);
    sum = _mm512_fmadd_ps(_mm512_loadu_ps(query + i), _mm512_loadu_ps(row + i), sum);
  }
  if (i < n) {
    const __mmask16 mask = last_mask(n);
    sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, query + i),
                          _mm512_maskz_loadu_ps(mask, row + i), sum);
  }
  return sum;
}

DURI_SEARCH_AVX512 static void one_query(float *scores, const float *query, const float *rows,
                                         size_t count, size_t n) {
  for (size_t r = 0; r < count; r += DURI_SEARCH_ROWS) {
    const size_t taken = count - r < DURI_SEARCH_ROWS ? count - r : DURI_SEARCH_ROWS;
    __m512 sum[DURI_SEARCH_ROWS];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < DURI_SEARCH_ROWS; j++) {
      sum[j] = _mm512_setzero_ps();
      if (j < taken) sum[j] = row_lanes(query, rows + (r + j) * n, n, 4096);
    }
    _mm512_mask_storeu_ps(scores + r, duri_mask16(taken), duri_reduce_f32(sum));
  }
}

// Four rows by four queries; prefetches `lines` cache lines from `next`.
DURI_SEARCH_AVX512 DURI_INLINE void tile(float *scores, size_t lds, const float *queries,
                                         const float *rows, size_t n, const char *next,
                                         size_t lines) {
  __m512 sum[16];
  for (size_t j = 0; j < 16; j++) sum[j] = _mm512_setzero_ps();
  for (size_t l = 0; l < lines; l++) _mm_prefetch(next + l * 64, _MM_HINT_T1);
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 mask = n - i >= 16 ? (__mmask16)0xFFFF : last_mask(n);
    __m512 row[TILE];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < TILE; r++) row[r] = _mm512_maskz_loadu_ps(mask, rows + r * n + i);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < TILE; q++) {
      const __m512 query = _mm512_maskz_loadu_ps(mask, queries + q * n + i);
#pragma clang loop unroll(full)
      for (size_t r = 0; r < TILE; r++) {
        sum[q * TILE + r] = _mm512_fmadd_ps(query, row[r], sum[q * TILE + r]);
      }
    }
  }
  const __m512 all = duri_reduce_f32(sum);
  _mm_storeu_ps(scores, _mm512_castps512_ps128(all));
  _mm_storeu_ps(scores + lds, _mm512_extractf32x4_ps(all, 1));
  _mm_storeu_ps(scores + 2 * lds, _mm512_extractf32x4_ps(all, 2));
  _mm_storeu_ps(scores + 3 * lds, _mm512_extractf32x4_ps(all, 3));
}

DURI_SEARCH_AVX512 void duri_search_dot_f32_avx512(float *scores, size_t lds, const float *queries,
                                                   size_t count_q, const float *rows,
                                                   size_t count, size_t n) {
  const size_t tiled_q = count_q / TILE * TILE, tiled = count / TILE * TILE;
  // What one tile fetches of the next strip.
  const size_t tiles = tiled_q / TILE * (STRIP / TILE);
  const size_t lines = tiles == 0 ? 0 : (STRIP * n * 4 / 64 + tiles - 1) / tiles;
  for (size_t strip = 0; strip < tiled && tiled_q > 0; strip += STRIP) {
    const size_t end = strip + STRIP < tiled ? strip + STRIP : tiled;
    const char *next = (const char *)(rows + end * n);
    for (size_t q = 0; q < tiled_q; q += TILE) {
      for (size_t r = strip; r < end; r += TILE) {
        tile(scores + q * lds + r, lds, queries + q * n, rows + r * n, n, next, lines);
        next += lines * 64;
      }
    }
  }
  for (size_t q = 0; q < tiled_q; q++) {
    one_query(scores + q * lds + tiled, queries + q * n, rows + tiled * n, count - tiled, n);
  }
  for (size_t q = tiled_q; q < count_q; q++) {
    one_query(scores + q * lds, queries + q * n, rows, count, n);
  }
}

DURI_SEARCH_AVX512 void duri_search_dot_f32_at_avx512(float *scores, const float *query,
                                                      const float *rows, const uint32_t *at,
                                                      size_t count, size_t n) {
  for (size_t r = 0; r < count; r += DURI_SEARCH_ROWS) {
    const size_t taken = count - r < DURI_SEARCH_ROWS ? count - r : DURI_SEARCH_ROWS;
    const size_t end = r + 2 * DURI_SEARCH_ROWS < count ? r + 2 * DURI_SEARCH_ROWS : count;
    for (size_t j = r + DURI_SEARCH_ROWS; j < end; j++) {
      for (size_t i = 0; i < n; i += 16) _mm_prefetch(rows + at[j] * n + i, _MM_HINT_T0);
    }
    __m512 sum[DURI_SEARCH_ROWS];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < DURI_SEARCH_ROWS; j++) {
      sum[j] = _mm512_setzero_ps();
      if (j < taken) sum[j] = row_lanes(query, rows + at[r + j] * n, n, 0);
    }
    _mm512_mask_storeu_ps(scores + r, duri_mask16(taken), duri_reduce_f32(sum));
  }
}
#endif
