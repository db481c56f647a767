// Packing, quantization and layer norm for AVX2; bit for bit as int8_naive.c.

#include <string.h>

#include "int8_variants.h"
#include "norm_avx2.h"

#if defined(__x86_64__)
#include <immintrin.h>

DURI_AVX2 DURI_INLINE float reduce_max(__m256 v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

DURI_AVX2 DURI_INLINE float reduce_min(__m256 v) {
  __m128 s = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_min_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}

DURI_AVX2 DURI_INLINE int32_t reduce_sum(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1)));
}

// 0 in every lane, NaN in those where x was ever not finite.
DURI_AVX2 DURI_INLINE __m256 spoil(__m256 x, __m256 spoiled) {
  return _mm256_fmadd_ps(x, _mm256_setzero_ps(), spoiled);
}

DURI_AVX2 DURI_INLINE int is_clean(__m256 spoiled) {
  return _mm256_movemask_ps(_mm256_cmp_ps(spoiled, spoiled, _CMP_UNORD_Q)) == 0;
}

// MARK: Packing

// Eight weights as integers.
DURI_AVX2 DURI_INLINE __m256i integers(__m256 v, __m256 factor) {
  const __m256i value = _mm256_cvtps_epi32(_mm256_mul_ps(v, factor));
  return _mm256_min_epi32(_mm256_max_epi32(value, _mm256_set1_epi32(-127)),
                          _mm256_set1_epi32(127));
}

DURI_AVX2 void duri_int8_pack_avx2(void *memory, size_t outputs, size_t inputs, const float *rows,
                                   size_t ldw, size_t first, size_t count) {
  const size_t depth = duri_int8_depth(inputs);
  int8_t *packed = memory;
  float *scale = duri_int8_scales(memory, outputs, inputs);
  int32_t *sum = duri_int8_sums(memory, outputs, inputs);
  const __m256 sign = _mm256_set1_ps(-0.0f);
  for (size_t r = 0; r < count; r++) {
    const float *w = rows + r * ldw;
    const size_t o = first + r;
    __m256 largest = _mm256_setzero_ps(), spoiled = _mm256_setzero_ps();
    for (size_t i = 0; i < inputs; i += 8) {
      const __m256 v = load(w + i, inputs - i);
      largest = _mm256_max_ps(largest, _mm256_andnot_ps(sign, v));
      spoiled = spoil(v, spoiled);
    }
    const int finite = is_clean(spoiled);
    const __m256 factor =
        _mm256_set1_ps(duri_int8_weight_scale(reduce_max(largest), finite, &scale[o]));
    const size_t valid = finite ? inputs : 0;
    __m256i total = _mm256_setzero_si256();
    int8_t *place = packed + duri_int8_place(depth, o, 0);
    for (size_t i = 0; i < depth; i += 16) {
      const __m256i a = integers(load_at(w, i, valid), factor);
      const __m256i b = integers(load_at(w, i + 8, valid), factor);
      total = _mm256_add_epi32(total, _mm256_add_epi32(a, b));
      const __m128i a16 =
          _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
      const __m128i b16 =
          _mm_packs_epi32(_mm256_castsi256_si128(b), _mm256_extracti128_si256(b, 1));
      const __m128i bytes = _mm_packs_epi16(a16, b16);
      // Four groups of this output, one in each run of 64 bytes.
      _mm_storeu_si32(place + i * 16, bytes);
      _mm_storeu_si32(place + i * 16 + 64, _mm_shuffle_epi32(bytes, 1));
      _mm_storeu_si32(place + i * 16 + 128, _mm_shuffle_epi32(bytes, 2));
      _mm_storeu_si32(place + i * 16 + 192, _mm_shuffle_epi32(bytes, 3));
    }
    sum[o] = reduce_sum(total);
  }
  if (count != 0 && first + count == outputs) duri_int8_clear_padding(memory, outputs, inputs);
}

// MARK: Quantization

// q (KP) from x (inputs), whose range is known.
DURI_AVX2 DURI_INLINE void quantize_row(uint8_t *q, float *scale, int32_t *zero, const float *x,
                                        size_t inputs, __m256 low, __m256 high, __m256 spoiled) {
  const int finite = is_clean(spoiled);
  const __m256 factor = _mm256_set1_ps(
      duri_int8_row_scale(reduce_min(low), reduce_max(high), finite, scale, zero));
  const __m256i offset = _mm256_set1_epi32(*zero);
  const size_t valid = finite ? inputs : 0;
  for (size_t i = 0; i < duri_int8_depth(inputs); i += 32) {
    __m256i v[4];
    for (size_t j = 0; j < 4; j++) {
      v[j] = _mm256_cvtps_epi32(_mm256_mul_ps(load_at(x, i + 8 * j, valid), factor));
      v[j] = _mm256_add_epi32(v[j], offset);
    }
    // Saturating to 16 bits loses nothing of -256...510; the second step clamps to 0...255.
    __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(v[0], v[1]),
                                        _mm256_packs_epi32(v[2], v[3]));
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)(q + i), bytes);
    if (i + 32 > valid) {
      const size_t kept = valid > i ? valid - i : 0;
      memset(q + i + kept, 0, 32 - kept);
    }
  }
}

DURI_AVX2 void duri_int8_quantize_avx2(uint8_t *q, size_t ldq, float *scale, int32_t *zero,
                                       const float *x, size_t ldx, size_t rows, size_t inputs) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    __m256 low = _mm256_setzero_ps(), high = low, spoiled = low;
    for (size_t i = 0; i < inputs; i += 8) {
      const __m256 v = load(x_t + i, inputs - i);
      low = _mm256_min_ps(low, v);
      high = _mm256_max_ps(high, v);
      spoiled = spoil(v, spoiled);
    }
    quantize_row(q + t * ldq, scale + t, zero + t, x_t, inputs, low, high, spoiled);
  }
}

// MARK: Norm

DURI_AVX2 void duri_int8_norm_quantize_avx2(float *y, size_t ldy, uint8_t *q, size_t ldq,
                                            float *scale, int32_t *zero, const float *x, size_t ldx,
                                            const float *gamma, const float *beta, float eps,
                                            size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    float *y_t = y + t * ldy;
    const norm_terms terms = norm_terms_of(x_t, n, eps);
    __m256 low = _mm256_setzero_ps(), high = low, spoiled = low;
    for (size_t j = 0; j < n; j += 8) {
      __m256 v = normalized(x_t + j, gamma + j, beta + j, n - j, terms);
      if (n - j >= 8) {
        _mm256_storeu_ps(y_t + j, v);
      } else {
        v = _mm256_and_ps(v, _mm256_castsi256_ps(lanes(n - j)));
        _mm256_maskstore_ps(y_t + j, lanes(n - j), v);
      }
      low = _mm256_min_ps(low, v);
      high = _mm256_max_ps(high, v);
      spoiled = spoil(v, spoiled);
    }
    quantize_row(q + t * ldq, scale + t, zero + t, y_t, n, low, high, spoiled);
  }
}

#endif
