// The epilogue for AVX2: sums to floats.

#include "activation_avx2.h"
#include "int8_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Lanes 0..<n of a masked load or store.
DURI_AVX2 DURI_INLINE __m256i lanes(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n > 8 ? 8 : (int)n),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

DURI_AVX2 DURI_INLINE void finish(const duri_int8_epilogue epilogue,
                                  const duri_int8_product *product, const int32_t *c, size_t ldc,
                                  size_t row, size_t rows, size_t output, size_t outputs) {
  for (size_t o = 0; o < outputs; o += 8) {
    const size_t place = output + o;
    const __m256i mask = lanes(outputs - o);
    const __m256 weight_scale = _mm256_loadu_ps(product->weights.scale + place);
    const __m256i sum =
        _mm256_loadu_si256((const __m256i *)(const void *)(product->weights.sum + place));
    const __m256 bias = _mm256_maskload_ps(product->bias + place, mask);
    for (size_t r = 0; r < rows; r++) {
      const size_t t = row + r;
      const __m256i shift = _mm256_mullo_epi32(_mm256_set1_epi32(product->zero[t]), sum);
      const __m256i s = _mm256_sub_epi32(
          _mm256_loadu_si256((const __m256i *)(const void *)(c + r * ldc + o)), shift);
      const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(product->scale[t]), weight_scale);
      __m256 v = _mm256_fmadd_ps(_mm256_cvtepi32_ps(s), scale, bias);
      switch (epilogue) {
        case DURI_INT8_BIAS: break;
        case DURI_INT8_GELU_ERF: v = vector_activation(v, DURI_GELU_ERF); break;
        case DURI_INT8_GELU_TABLE: v = gelu_table(v); break;
        case DURI_INT8_GELU_TANH: v = vector_activation(v, DURI_GELU_TANH); break;
        case DURI_INT8_RELU: v = vector_activation(v, DURI_RELU); break;
        case DURI_INT8_RESIDUAL:
          v = _mm256_add_ps(
              v, _mm256_maskload_ps(product->residual + t * product->ldr + place, mask));
          break;
      }
      float *y = product->y + t * product->ldy + place;
      if (outputs - o >= 8) {
        _mm256_storeu_ps(y, v);
      } else {
        _mm256_maskstore_ps(y, mask, v);
      }
    }
  }
}

DURI_AVX2 void duri_int8_finish_avx2(const duri_int8_product *product, const int32_t *c, size_t ldc,
                                     size_t row, size_t rows, size_t output, size_t outputs) {
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
