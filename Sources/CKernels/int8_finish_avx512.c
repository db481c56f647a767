// The epilogue for AVX-512: sums to floats.

#include "activation_avx512.h"
#include "int8_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

DURI_AVX512 DURI_INLINE void finish(const duri_int8_epilogue epilogue,
                                    const duri_int8_product *product, const int32_t *c, size_t ldc,
                                    size_t row, size_t rows, size_t output, size_t outputs) {
  for (size_t o = 0; o < outputs; o += 16) {
    const size_t place = output + o;
    const __mmask16 mask =
        outputs - o >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << (outputs - o)) - 1);
    const __m512 weight_scale = _mm512_loadu_ps(product->weights.scale + place);
    const __m512i sum = _mm512_loadu_si512(product->weights.sum + place);
    const __m512 bias = _mm512_maskz_loadu_ps(mask, product->bias + place);
    for (size_t r = 0; r < rows; r++) {
      const size_t t = row + r;
      const __m512i shift = _mm512_mullo_epi32(_mm512_set1_epi32(product->zero[t]), sum);
      const __m512i s = _mm512_sub_epi32(_mm512_loadu_si512(c + r * ldc + o), shift);
      const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(product->scale[t]), weight_scale);
      __m512 v = _mm512_fmadd_ps(_mm512_cvtepi32_ps(s), scale, bias);
      switch (epilogue) {
        case DURI_INT8_BIAS: break;
        case DURI_INT8_GELU_ERF: v = vector_activation(v, DURI_GELU_ERF); break;
        case DURI_INT8_GELU_TABLE: v = gelu_table(v); break;
        case DURI_INT8_GELU_TANH: v = vector_activation(v, DURI_GELU_TANH); break;
        case DURI_INT8_RELU: v = vector_activation(v, DURI_RELU); break;
        case DURI_INT8_RESIDUAL:
          v = _mm512_add_ps(
              v, _mm512_maskz_loadu_ps(mask, product->residual + t * product->ldr + place));
          break;
      }
      _mm512_mask_storeu_ps(product->y + t * product->ldy + place, mask, v);
    }
  }
}

DURI_AVX512 void duri_int8_finish_avx512(const duri_int8_product *product, const int32_t *c,
                                         size_t ldc, size_t row, size_t rows, size_t output,
                                         size_t outputs) {
  switch (product->epilogue) {
    case DURI_INT8_BIAS:
      finish(DURI_INT8_BIAS, product, c, ldc, row, rows, output, outputs);
      break;
    case DURI_INT8_GELU_ERF:
      finish(DURI_INT8_GELU_ERF, product, c, ldc, row, rows, output, outputs);
      break;
    case DURI_INT8_GELU_TABLE:
      finish(DURI_INT8_GELU_TABLE, product, c, ldc, row, rows, output, outputs);
      break;
    case DURI_INT8_GELU_TANH:
      finish(DURI_INT8_GELU_TANH, product, c, ldc, row, rows, output, outputs);
      break;
    case DURI_INT8_RELU:
      finish(DURI_INT8_RELU, product, c, ldc, row, rows, output, outputs);
      break;
    case DURI_INT8_RESIDUAL:
      finish(DURI_INT8_RESIDUAL, product, c, ldc, row, rows, output, outputs);
      break;
  }
}

#endif
