// The forms in which rows and queries are kept for a search.

#include <math.h>
#include <string.h>

#include "search_variants.h"

// The largest magnitude; NaN or infinity if any is not finite. Magnitudes order as their patterns do,
// NaN last.
static float largest_magnitude(const float *v, size_t n) {
  int32_t most = 0;
  for (size_t i = 0; i < n; i++) {
    int32_t pattern;
    memcpy(&pattern, v + i, sizeof pattern);
    pattern &= 0x7FFFFFFF;
    most = pattern > most ? pattern : most;
  }
  float largest;
  memcpy(&largest, &most, sizeof largest);
  return largest;
}

static size_t words_of(size_t n) { return (n + 63) / 64; }

// Whether numbers of this largest magnitude can be scaled.
static int has_scale(float largest) { return largest >= 1e-36f && !isinf(largest); }

// v (|v| < 2^21) rounded to an integer, ties to even: added to it, 1.5 * 2^23 leaves the rounded
// number in the lowest bits.
static inline int8_t rounded(float v) {
  const float shifted = v + 12582912.0f;
  uint32_t pattern;
  memcpy(&pattern, &shifted, sizeof pattern);
  return (int8_t)(uint8_t)pattern;
}

void duri_search_encode_int8(int8_t *bytes, float *scale, const float *v, size_t n) {
  memset(bytes, 0, words_of(n) * 64);
  const float largest = largest_magnitude(v, n);
  *scale = 0;
  if (!has_scale(largest)) return;
  *scale = largest / 127;
  // |v * multiplier| <= 127.00002, which rounds to 127.
  const float multiplier = 127 / largest;
  for (size_t i = 0; i < n; i++) bytes[i] = rounded(v[i] * multiplier);
}

void duri_search_encode_bits(uint64_t *bits, const float *v, size_t n) {
  for (size_t w = 0; w < words_of(n); w++) {
    const size_t rest = n - w * 64, count = rest < 64 ? rest : 64;
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++) word |= (uint64_t)(v[w * 64 + i] > 0) << i;
    bits[w] = word;
  }
}

// With v = u * w (w = query_scale / 254), u ~ 254 h + l, d = s * e and e ~ the row's bytes b, a
// product in int8, in units of w * s, differs from the exact one by
//   |u . e - (254 h + l) . b| <= |u . (e - b)| + |(u - 254 h - l) . b|
//                             <= |u|_1 / 2 + 127 |u - 254 h - l|_1.
// dot_f32 adds its rounding, (n / 16 + 5) units of 2^-24 of |u|_2 |e|_2 <= |u|_2 128 sqrt(n), and
// dot_int8 three roundings of a number up to |254 h + l|_2 127 sqrt(n). The scales' own rounding,
// some 2^-22 of everything, and that of this function are in the factors next to 1.
float duri_search_encode_digits(int8_t *digits, float *query_scale, const float *v, size_t n) {
  const size_t padded = words_of(n) * 64;
  memset(digits, 0, DURI_SEARCH_DIGITS * padded);
  const float largest = largest_magnitude(v, n);
  *query_scale = 0;
  if (!has_scale(largest)) return 0;
  *query_scale = largest / 127;
  const float multiplier = 127 / largest;
  double sum = 0, squares = 0, rest = 0;
  for (size_t i = 0; i < n; i++) {
    const float scaled = v[i] * multiplier;
    const int8_t high = rounded(scaled), low = rounded((scaled - (float)high) * 254);
    digits[i] = high;
    digits[padded + i] = low;
    const double exact = (double)v[i] / (double)*query_scale * 254;
    sum += fabs(exact);
    squares += exact * exact;
    rest += fabs(exact - (254.0 * high + low));
  }
  const double unit = 1.0 / (1 << 24), root = sqrt((double)n), length = sqrt(squares);
  const double rounding = ((double)n / 16 + 5 + 3 + 8) * unit * length * 128.5 * root;
  return (float)((sum / 2 * 1.0001 + 127.5 * rest + rounding) * 1.00001);
}

void duri_search_encode_planes(uint64_t *planes, const float *v, size_t n) {
  const size_t words = words_of(n);
  memset(planes, 0, DURI_SEARCH_PLANES * words * sizeof *planes);
  if (!has_scale(largest_magnitude(v, n))) return;
  duri_search_encode_bits(planes, v, n);
  double squares = 0;
  for (size_t i = 0; i < n; i++) squares += (double)v[i] * (double)v[i];
  const double unit = sqrt(squares / (double)n) * 2 / 3;
  for (size_t i = 0; i < n; i++) {
    const double steps = fabs((double)v[i]) / unit + 0.5;
    const uint64_t magnitude = steps < 3 ? (uint64_t)steps : 3;
    planes[words + i / 64] |= (magnitude & 1) << i % 64;
    planes[2 * words + i / 64] |= (magnitude >> 1) << i % 64;
  }
}
