// What the int8 variants share; not seen outside this target.
#pragma once

#include <math.h>

#include "CKernelsInt8.h"
#include "variants.h"

// A fused multiply-add happens where the text says fma, nowhere else: all variants round alike.
#pragma STDC FP_CONTRACT OFF

// Bytes of a quantized row (KP).
static inline size_t duri_int8_depth(size_t inputs) { return (inputs + 63) / 64 * 64; }

// Bytes of one block of 16 outputs.
static inline size_t duri_int8_block(size_t inputs) { return duri_int8_depth(inputs) * 16; }

// Where output o, input i lies in the packed weights.
static inline size_t duri_int8_place(size_t depth, size_t o, size_t i) {
  return (o / 16 * (depth / 4) + i / 4) * 64 + o % 16 * 4 + i % 4;
}

// Where the scales lie in a product's memory; the sums follow them.
static inline float *duri_int8_scales(void *memory, size_t outputs, size_t inputs) {
  return (float *)(void *)((int8_t *)memory +
                           (outputs + 15) / 16 * 16 * duri_int8_depth(inputs));
}
static inline int32_t *duri_int8_sums(void *memory, size_t outputs, size_t inputs) {
  return (int32_t *)(void *)(duri_int8_scales(memory, outputs, inputs) + (outputs + 15) / 16 * 16);
}

typedef void duri_int8_pass(const duri_int8_product *product, size_t row_begin, size_t row_end,
                            size_t output_begin, size_t output_end);

// Calls `pass` for even parts of the rows, so that the quantized rows of one part stay in the
// second-level cache while all weights go past them.
static inline void duri_int8_in_passes(duri_int8_pass *pass, const duri_int8_product *product,
                                       size_t row_begin, size_t row_end, size_t output_begin,
                                       size_t output_end) {
  if (row_begin >= row_end || output_begin >= output_end) return;
  const size_t rows = row_end - row_begin, cache = 256 * 1024;
  const size_t most = cache / duri_int8_depth(product->weights.inputs);
  const size_t limit = most < 48 ? 48 : most;
  const size_t count = rows / limit + (rows % limit != 0);
  const size_t even = rows / count, longer = rows % count;
  size_t t = row_begin;
  for (size_t j = 0; j < count; j++) {
    const size_t taken = even + (j < longer);
    pass(product, t, t + taken, output_begin, output_end);
    t += taken;
  }
}

// Multiplier that takes a weight row of largest magnitude `largest` to -127...127, and its scale.
static inline float duri_int8_weight_scale(float largest, int finite, float *scale) {
  if (!finite) {
    *scale = NAN;
    return 0;
  }
  if (largest < 1e-36f) {
    *scale = 0;
    return 0;
  }
  *scale = largest / 127;
  return 127 / largest;
}

// Multiplier, scale and zero of a row whose values lie in low...high, low <= 0 <= high.
static inline float duri_int8_row_scale(float low, float high, int finite, float *scale,
                                        int32_t *zero) {
  const double range = (double)high - (double)low;
  *zero = 0;
  if (!finite) {
    *scale = NAN;
    return 0;
  }
  if (range < 1e-36) {
    *scale = 0;
    return 0;
  }
  const float multiplier = (float)(255 / range);
  *scale = (float)(range / 255);
  const double offset = -(double)low * (double)multiplier;
  *zero = (int32_t)(offset + 0.5);
  return multiplier;
}

// Zeros the packed outputs, scales and sums beyond N; done by whoever packs the last row.
void duri_int8_clear_padding(void *memory, size_t outputs, size_t inputs);

// The epilogue in plain C: rows row ..< row + rows, outputs output ..< output + outputs of the
// product, from sums c (rows, outputs).
void duri_int8_finish(const duri_int8_product *product, const int32_t *c, size_t ldc, size_t row,
                      size_t rows, size_t output, size_t outputs);

extern const duri_int8_kernels duri_int8_generic;
extern const duri_int8_kernels duri_int8_amx_emulated;

#if defined(__x86_64__)
extern const duri_int8_kernels duri_int8_avx2;
extern const duri_int8_kernels duri_int8_avxvnni;
extern const duri_int8_kernels duri_int8_avx512vnni;
extern const duri_int8_kernels duri_int8_amx;

#define DURI_AVXVNNI __attribute__((target("avxvnni,avx2,fma")))
#define DURI_AVX512VNNI \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")))

// int8_rows_avx2.c
void duri_int8_pack_avx2(void *memory, size_t outputs, size_t inputs, const float *rows, size_t ldw,
                         size_t first, size_t count);
void duri_int8_quantize_avx2(uint8_t *q, size_t ldq, float *scale, int32_t *zero, const float *x,
                             size_t ldx, size_t rows, size_t inputs);
void duri_int8_norm_quantize_avx2(float *y, size_t ldy, uint8_t *q, size_t ldq, float *scale,
                                  int32_t *zero, const float *x, size_t ldx, const float *gamma,
                                  const float *beta, float eps, size_t rows, size_t n);

// int8_rows_avx512.c
void duri_int8_quantize_avx512(uint8_t *q, size_t ldq, float *scale, int32_t *zero, const float *x,
                               size_t ldx, size_t rows, size_t inputs);
void duri_int8_norm_quantize_avx512(float *y, size_t ldy, uint8_t *q, size_t ldq, float *scale,
                                    int32_t *zero, const float *x, size_t ldx, const float *gamma,
                                    const float *beta, float eps, size_t rows, size_t n);

// The epilogue, as duri_int8_finish. int8_finish_avx2.c and int8_finish_avx512.c
void duri_int8_finish_avx2(const duri_int8_product *product, const int32_t *c, size_t ldc,
                           size_t row, size_t rows, size_t output, size_t outputs);
void duri_int8_finish_avx512(const duri_int8_product *product, const int32_t *c, size_t ldc,
                             size_t row, size_t rows, size_t output, size_t outputs);
#endif
