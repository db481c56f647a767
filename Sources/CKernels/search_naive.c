// The search kernels in plain C: what every variant is held against.

#include <math.h>
#include <string.h>

#include "search_variants.h"

static float dot_f32_one(const float *query, const float *row, size_t n) {
  float lane[16] = {0};
  for (size_t i = 0; i < n; i++) lane[i % 16] = fmaf(query[i], row[i], lane[i % 16]);
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t i = 0; i < half; i++) lane[i] += lane[i + half];
  }
  return lane[0];
}

static int32_t product(const int8_t *a, const int8_t *b, size_t padded) {
  int32_t sum = 0;
  for (size_t i = 0; i < padded; i++) sum += (int32_t)a[i] * b[i];
  return sum;
}

static float dot_int8_one(const int8_t *query, const int8_t *row, float scale, size_t padded) {
  const float high = (float)product(query, row, padded);
  const float low = (float)product(query + padded, row, padded);
  return fmaf(254, high, low) * scale;
}

static void dot_f32(float *scores, size_t lds, const float *queries, size_t count_q,
                    const float *rows, size_t count, size_t n) {
  for (size_t q = 0; q < count_q; q++) {
    for (size_t r = 0; r < count; r++) {
      scores[q * lds + r] = dot_f32_one(queries + q * n, rows + r * n, n);
    }
  }
}

static void dot_int8(float *scores, size_t lds, const int8_t *queries, size_t count_q,
                     const int8_t *rows, const float *scales, size_t count, size_t padded) {
  for (size_t q = 0; q < count_q; q++) {
    for (size_t r = 0; r < count; r++) {
      scores[q * lds + r] =
          dot_int8_one(queries + q * DURI_SEARCH_DIGITS * padded, rows + r * padded, scales[r],
                       padded);
    }
  }
}

static void mismatch(uint16_t *scores, size_t lds, const uint64_t *queries, size_t count_q,
                     const uint64_t *bits, size_t count, size_t words) {
  for (size_t q = 0; q < count_q; q++) {
    const uint64_t *signs = queries + q * DURI_SEARCH_PLANES * words;
    for (size_t r = 0; r < count; r++) {
      unsigned sum = 0;
      for (size_t w = 0; w < words; w++) {
        const uint64_t differ = signs[w] ^ bits[r * words + w];
        sum += (unsigned)__builtin_popcountll(differ & signs[words + w]) +
               2 * (unsigned)__builtin_popcountll(differ & signs[2 * words + w]);
      }
      scores[q * lds + r] = (uint16_t)sum;
    }
  }
}

static void dot_f32_at(float *scores, const float *query, const float *rows, const uint32_t *at,
                       size_t count, size_t n) {
  for (size_t i = 0; i < count; i++) scores[i] = dot_f32_one(query, rows + at[i] * n, n);
}

static void dot_int8_at(float *scores, const int8_t *query, const int8_t *rows,
                        const float *scales, const uint32_t *at, size_t count, size_t padded) {
  for (size_t i = 0; i < count; i++) {
    scores[i] = dot_int8_one(query, rows + at[i] * padded, scales[at[i]], padded);
  }
}

static int is_live(const uint64_t *live, size_t r) {
  return live == NULL || (live[r / 64] >> r % 64 & 1) != 0;
}

static size_t above(uint32_t *found, const float *scores, const float *scales, float margin,
                    size_t count, float threshold, const uint64_t *live) {
  size_t taken = 0;
  for (size_t r = 0; r < count; r++) {
    const float bound = fmaf(margin, scales[r], scores[r]);
    if (bound > threshold && is_live(live, r)) found[taken++] = (uint32_t)r;
  }
  return taken;
}

static size_t below(uint32_t *found, const uint16_t *scores, size_t count, uint16_t threshold,
                    const uint64_t *live) {
  size_t taken = 0;
  for (size_t r = 0; r < count; r++) {
    if (scores[r] < threshold && is_live(live, r)) found[taken++] = (uint32_t)r;
  }
  return taken;
}

const duri_search_kernels duri_search_naive = {
    .name = "naive",
    .dot_f32 = dot_f32,
    .dot_int8 = dot_int8,
    .mismatch = mismatch,
    .dot_f32_at = dot_f32_at,
    .dot_int8_at = dot_int8_at,
    .above = above,
    .below = below,
};
