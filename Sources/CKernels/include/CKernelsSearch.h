// Exact search among vectors: scores of whole blocks of rows, and which of them are good enough.
//
// Letters: n components of a vector; NP = n rounded up to 64; W = NP / 64.
//
// A row is kept in three forms:
//   f32    (n) floats
//   int8   (NP) bytes, zeros beyond n, with one scale: component ~ byte * scale,
//          scale = max_i |v[i]| / 127, byte = round(v[i] / scale) (to nearest, ties to even)
//   bits   (W) words, component i in bit i % 64 of word i / 64: 1 where it is > 0; zeros beyond n
// and a query, for rows in int8 and in bits, as
//   digits (2, NP) bytes h and l: component ~ (254 * h + l) * scale / 254, so about 16 bits
//   planes (3, W) words: the signs, then both bits of a magnitude in 0 ... 3, which is
//          min(3, round(|v[i]| / (2/3 of the root mean square)))
//
// Same bits: every variant returns the same bits for a row and a query, on all machines, whatever
// other rows and queries are in the call. Products of int8 and of bits are exact integers; f32
// products are summed in 16 lanes (component i in lane i % 16, in order, by fused multiply-add),
// and the lanes as a tree: i with i + 8, i + 4, i + 2, i + 1.
//
// Total: sizes of 0 do nothing, nothing outside the stated shapes is read or written, NaN and
// infinity do no harm (a score that is NaN is never found by `above`). Nothing is allocated.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// The most components a vector may have.
#define DURI_SEARCH_MAX_DIMENSION ((size_t)4096)

// Sets of bytes of a query's digits, and of words of its planes.
#define DURI_SEARCH_DIGITS 2
#define DURI_SEARCH_PLANES 3

// Implementations of every kernel of a search.
typedef struct duri_search_kernels {
  const char *name;  // "naive", "avx2" or "avx512"

  // scores[q][r] = queries[q] . rows[r]: queries (count_q, n), rows (count, n), scores
  // (count_q, count) with lds floats from query to query.
  void (*dot_f32)(float *scores, size_t lds, const float *queries, size_t count_q,
                  const float *rows, size_t count, size_t n);

  // scores[q][r] = (254 * (h[q] . rows[r]) + l[q] . rows[r]) * scales[r]; the products are exact,
  // each is rounded to f32, and so are fma(254, first, second) and its product with the scale:
  // queries (count_q, 2, NP), rows (count, NP), scales (count). padded = NP.
  void (*dot_int8)(float *scores, size_t lds, const int8_t *queries, size_t count_q,
                   const int8_t *rows, const float *scales, size_t count, size_t padded);

  // scores[q][r] = sum of the magnitudes of q over the components whose signs differ:
  // queries (count_q, 3, W), bits (count, W).
  void (*mismatch)(uint16_t *scores, size_t lds, const uint64_t *queries, size_t count_q,
                   const uint64_t *bits, size_t count, size_t words);

  // The same products of one query with some of the rows: scores[i] = query . rows[at[i]]; at
  // (count), in any order.
  void (*dot_f32_at)(float *scores, const float *query, const float *rows, const uint32_t *at,
                     size_t count, size_t n);
  void (*dot_int8_at)(float *scores, const int8_t *query, const int8_t *rows, const float *scales,
                      const uint32_t *at, size_t count, size_t padded);

  // Numbers r of the rows with fma(margin, scales[r], scores[r]) > threshold whose bit in `live`
  // (if not NULL) is 1, in order; found has room for count. Bit r of live is bit r % 64 of word
  // r / 64.
  size_t (*above)(uint32_t *found, const float *scores, const float *scales, float margin,
                  size_t count, float threshold, const uint64_t *DURI_NULLABLE live);
  // Numbers of the rows with scores[r] < threshold, likewise.
  size_t (*below)(uint32_t *found, const uint16_t *scores, size_t count, uint16_t threshold,
                  const uint64_t *DURI_NULLABLE live);
} duri_search_kernels;

// The fastest kernels this CPU runs, or those named by the environment variable DURI_SEARCH_KERNELS
// if the CPU runs them. Chosen once; never NULL.
const duri_search_kernels *duri_search_kernels_best(void);

// The kernels of this name, or NULL if there are none or this CPU cannot run them.
const duri_search_kernels *DURI_NULLABLE duri_search_kernels_named(const char *DURI_NULLABLE name);

// MARK: Rows and queries

// The int8 form of v (n): bytes (NP) and the scale. A row that is not finite, or whose magnitudes
// are all under 1e-36, becomes zeros with scale 0.
void duri_search_encode_int8(int8_t *bytes, float *scale, const float *v, size_t n);

// The bits (W) of v (n).
void duri_search_encode_bits(uint64_t *bits, const float *v, size_t n);

// The digits (2, NP) of a query v (n).
//
// Returns the bound B of the rounding of everything that is kept in int8: for every row r of the
// same dimension, with its components d and scale s as duri_search_encode_int8 makes them,
//   |dot_f32(v, d) * 254 / query_scale - dot_int8(v, r)| <= B * s,
// where query_scale is set to the scale of the digits. A query that is not finite, or whose
// magnitudes are all under 1e-36, becomes zeros with query_scale 0 and the bound 0.
float duri_search_encode_digits(int8_t *digits, float *query_scale, const float *v, size_t n);

// The planes (3, W) of a query v (n).
void duri_search_encode_planes(uint64_t *planes, const float *v, size_t n);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
