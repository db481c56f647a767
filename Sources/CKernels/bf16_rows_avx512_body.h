// Rounding, layer norm and the epilogue for AVX-512; bit for bit as bf16_naive.c. Included twice.
// The including file defines
//   BF16_TARGET       function attribute
//   BF16_ROUND(v)     16 floats to bfloat16 (__m256i)
//   BF16_NAME(name)   name of a function of this variant

#include "activation_avx512.h"
#include "bf16_variants.h"
#include "norm_avx512.h"

BF16_TARGET void BF16_NAME(round)(uint16_t *q, size_t ldq, const float *x, size_t ldx, size_t rows,
                                  size_t inputs) {
  const size_t depth = duri_bf16_depth(inputs) / 2;
  for (size_t t = 0; t < rows; t++) {
    for (size_t i = 0; i < depth; i += 16) {
      const __mmask16 mask = i < inputs ? lanes(inputs - i) : 0;
      const __m512 v = _mm512_maskz_loadu_ps(mask, x + t * ldx + i);
      _mm256_storeu_si256((__m256i *)(void *)(q + t * ldq + i), BF16_ROUND(v));
    }
  }
}

BF16_TARGET void BF16_NAME(norm)(float *y, size_t ldy, uint16_t *q, size_t ldq, const float *x,
                                 size_t ldx, const float *gamma, const float *beta, float eps,
                                 size_t rows, size_t n) {
  const size_t depth = duri_bf16_depth(n) / 2;
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    float *y_t = y + t * ldy;
    const norm_terms terms = norm_terms_of(x_t, n, eps);
    for (size_t j = 0; j < depth; j += 16) {
      const __mmask16 mask = j < n ? lanes(n - j) : 0;
      const __m512 v = normalized(x_t + j, gamma + j, beta + j, mask, terms);
      _mm512_mask_storeu_ps(y_t + j, mask, v);
      _mm256_storeu_si256((__m256i *)(void *)(q + t * ldq + j), BF16_ROUND(v));
    }
  }
}

BF16_TARGET DURI_INLINE void finish(const duri_bf16_epilogue epilogue,
                                    const duri_bf16_product *product, const float *c, size_t ldc,
                                    size_t row, size_t rows, size_t output, size_t outputs) {
  for (size_t o = 0; o < outputs; o += 16) {
    const size_t place = output + o;
    const __mmask16 mask = lanes(outputs - o);
    const __m512 bias = _mm512_maskz_loadu_ps(mask, product->bias + place);
    for (size_t r = 0; r < rows; r++) {
      const size_t t = row + r;
      __m512 v = _mm512_add_ps(_mm512_loadu_ps(c + r * ldc + o), bias);
      switch (epilogue) {
        case DURI_BF16_BIAS: break;
        case DURI_BF16_RESIDUAL:
          v = _mm512_add_ps(
              v, _mm512_maskz_loadu_ps(mask, product->residual + t * product->ldr + place));
          break;
        case DURI_BF16_GELU_ERF: v = gelu_table(v); break;
        case DURI_BF16_GELU_TANH: v = vector_activation(v, DURI_GELU_TANH); break;
        case DURI_BF16_RELU: v = vector_activation(v, DURI_RELU); break;
      }
      if (!duri_bf16_writes_next(epilogue)) {
        _mm512_mask_storeu_ps(product->y + t * product->ldy + place, mask, v);
      } else {
        _mm256_mask_storeu_epi16(product->next + t * product->ldn + place, mask, BF16_ROUND(v));
      }
    }
  }
}

#define BF16_FINISH(epilogue) \
  case epilogue: finish(epilogue, product, c, ldc, row, rows, output, outputs); break

BF16_TARGET void BF16_NAME(finish)(const duri_bf16_product *product, const float *c, size_t ldc,
                                   size_t row, size_t rows, size_t output, size_t outputs) {
  switch (product->epilogue) {
    BF16_FINISH(DURI_BF16_BIAS);
    BF16_FINISH(DURI_BF16_RESIDUAL);
    BF16_FINISH(DURI_BF16_GELU_ERF);
    BF16_FINISH(DURI_BF16_GELU_TANH);
    BF16_FINISH(DURI_BF16_RELU);
  }
}
