// Rounding, layer norm and the epilogue for AVX2; bit for bit as bf16_naive.c.

#include "activation_avx2.h"
#include "bf16_variants.h"
#include "norm_avx2.h"

#if defined(__x86_64__)
#include <immintrin.h>

// 8 floats to bfloat16, in the low halves of 8 words.
DURI_AVX2 DURI_INLINE __m256i round_words(__m256 v) {
  const __m256i bits = _mm256_castps_si256(v), exponent = _mm256_set1_epi32(0x7F800000);
  const __m256i high = _mm256_srli_epi32(bits, 16);
  __m256i r = _mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF));
  r = _mm256_add_epi32(r, _mm256_and_si256(high, _mm256_set1_epi32(1)));
  r = _mm256_srli_epi32(r, 16);
  // Subnormal: the sign alone. Not a number: quiet.
  const __m256i small =
      _mm256_cmpeq_epi32(_mm256_and_si256(bits, exponent), _mm256_setzero_si256());
  const __m256i sign = _mm256_and_si256(high, _mm256_set1_epi32(0x8000));
  r = _mm256_blendv_epi8(r, sign, small);
  const __m256i unordered = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  return _mm256_blendv_epi8(r, _mm256_or_si256(high, _mm256_set1_epi32(0x40)), unordered);
}

// 16 floats to bfloat16.
DURI_AVX2 DURI_INLINE __m256i round_16(__m256 left, __m256 right) {
  const __m256i both = _mm256_packus_epi32(round_words(left), round_words(right));
  return _mm256_permute4x64_epi64(both, 0xD8);
}

DURI_AVX2 void duri_bf16_round_avx2(uint16_t *q, size_t ldq, const float *x, size_t ldx,
                                    size_t rows, size_t inputs) {
  const size_t depth = duri_bf16_depth(inputs) / 2;
  for (size_t t = 0; t < rows; t++) {
    for (size_t i = 0; i < depth; i += 16) {
      const __m256i r =
          round_16(load_at(x + t * ldx, i, inputs), load_at(x + t * ldx, i + 8, inputs));
      _mm256_storeu_si256((__m256i *)(void *)(q + t * ldq + i), r);
    }
  }
}

DURI_AVX2 void duri_bf16_norm_avx2(float *y, size_t ldy, uint16_t *q, size_t ldq, const float *x,
                                   size_t ldx, const float *gamma, const float *beta, float eps,
                                   size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    float *y_t = y + t * ldy;
    const norm_terms terms = norm_terms_of(x_t, n, eps);
    for (size_t j = 0; j < n; j += 8) {
      const __m256 v = normalized(x_t + j, gamma + j, beta + j, n - j, terms);
      if (n - j >= 8) {
        _mm256_storeu_ps(y_t + j, v);
      } else {
        _mm256_maskstore_ps(y_t + j, lanes(n - j), v);
      }
    }
    duri_bf16_round_avx2(q + t * ldq, ldq, y_t, ldy, 1, n);
  }
}

DURI_AVX2 DURI_INLINE void finish(const duri_bf16_epilogue epilogue,
                                  const duri_bf16_product *product, const float *c, size_t ldc,
                                  size_t row, size_t rows, size_t output, size_t outputs) {
  for (size_t o = 0; o < outputs; o += 8) {
    const size_t place = output + o, count = outputs - o < 8 ? outputs - o : 8;
    const __m256i mask = lanes(count);
    const __m256 bias = _mm256_maskload_ps(product->bias + place, mask);
    for (size_t r = 0; r < rows; r++) {
      const size_t t = row + r;
      __m256 v = _mm256_add_ps(_mm256_loadu_ps(c + r * ldc + o), bias);
      switch (epilogue) {
        case DURI_BF16_BIAS: break;
        case DURI_BF16_RESIDUAL:
          v = _mm256_add_ps(
              v, _mm256_maskload_ps(product->residual + t * product->ldr + place, mask));
          break;
        case DURI_BF16_GELU_ERF: v = gelu_table(v); break;
        case DURI_BF16_GELU_TANH: v = vector_activation(v, DURI_GELU_TANH); break;
        case DURI_BF16_RELU: v = vector_activation(v, DURI_RELU); break;
      }
      if (!duri_bf16_writes_next(epilogue)) {
        _mm256_maskstore_ps(product->y + t * product->ldy + place, mask, v);
        continue;
      }
      const __m128i rounded = _mm256_castsi256_si128(round_16(v, v));
      uint16_t *next = product->next + t * product->ldn + place;
      if (count == 8) {
        _mm_storeu_si128((__m128i *)(void *)next, rounded);
      } else {
        memcpy(next, &rounded, count * sizeof *next);
      }
    }
  }
}

#define FINISH(epilogue) \
  case epilogue: finish(epilogue, product, c, ldc, row, rows, output, outputs); break

DURI_AVX2 void duri_bf16_finish_avx2(const duri_bf16_product *product, const float *c, size_t ldc,
                                     size_t row, size_t rows, size_t output, size_t outputs) {
  switch (product->epilogue) {
    FINISH(DURI_BF16_BIAS);
    FINISH(DURI_BF16_RESIDUAL);
    FINISH(DURI_BF16_GELU_ERF);
    FINISH(DURI_BF16_GELU_TANH);
    FINISH(DURI_BF16_RELU);
  }
}

#endif
