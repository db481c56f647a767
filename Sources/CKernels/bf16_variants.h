// What the bfloat16 variants share; not seen outside this target.
#pragma once

#include <math.h>
#include <string.h>

#include "CKernelsBF16.h"
#include "variants.h"

// A fused multiply-add happens where the text says fma, nowhere else.
#pragma STDC FP_CONTRACT OFF

// Bytes of a rounded row (2 KP); a block of 16 outputs has 16 times as many.
static inline size_t duri_bf16_depth(size_t inputs) { return (inputs + 31) / 32 * 64; }

static inline float duri_bf16_value(uint16_t rounded) {
  const uint32_t bits = (uint32_t)rounded << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// r(x), as vcvtneps2bf16 has it.
static inline uint16_t duri_bf16_round(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
  if (magnitude < 0x00800000) return (uint16_t)(bits >> 16 & 0x8000);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline int duri_bf16_writes_next(duri_bf16_epilogue epilogue) {
  return epilogue != DURI_BF16_BIAS && epilogue != DURI_BF16_RESIDUAL;
}

typedef void duri_bf16_pass(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                            size_t output_begin, size_t output_end);

// Calls `pass` for even parts of the rows, so that the rounded rows of one part stay in the
// second-level cache while all weights go past them; then clears what lies behind the last output
// of a row that is an input of the next product.
static inline void duri_bf16_in_passes(duri_bf16_pass *pass, const duri_bf16_product *product,
                                       size_t row_begin, size_t row_end, size_t output_begin,
                                       size_t output_end) {
  if (row_begin >= row_end || output_begin >= output_end) return;
  const size_t rows = row_end - row_begin, cache = 256 * 1024;
  const size_t most = cache / duri_bf16_depth(product->weights.inputs);
  const size_t limit = most < 48 ? 48 : most;
  const size_t count = rows / limit + (rows % limit != 0);
  const size_t even = rows / count, longer = rows % count;
  size_t t = row_begin;
  for (size_t j = 0; j < count; j++) {
    const size_t taken = even + (j < longer);
    pass(product, t, t + taken, output_begin, output_end);
    t += taken;
  }
  const size_t outputs = product->weights.outputs, width = (outputs + 31) / 32 * 32;
  if (output_end != outputs || width == outputs) return;
  if (!duri_bf16_writes_next(product->epilogue)) return;
  for (t = row_begin; t < row_end; t++) {
    memset(product->next + t * product->ldn + outputs, 0, (width - outputs) * sizeof(uint16_t));
  }
}

// bf16_naive.c
void duri_bf16_round_naive(uint16_t *q, size_t ldq, const float *x, size_t ldx, size_t rows,
                           size_t inputs);
void duri_bf16_norm_naive(float *y, size_t ldy, uint16_t *q, size_t ldq, const float *x, size_t ldx,
                          const float *gamma, const float *beta, float eps, size_t rows, size_t n);
// The epilogue: rows row ..< row + rows, outputs output ..< output + outputs of the product, from
// sums c (rows, outputs).
void duri_bf16_finish_naive(const duri_bf16_product *product, const float *c, size_t ldc,
                            size_t row, size_t rows, size_t output, size_t outputs);

extern const duri_bf16_kernels duri_bf16_naive;
extern const duri_bf16_kernels duri_bf16_amx_emulated;

#if defined(__x86_64__)
extern const duri_bf16_kernels duri_bf16_avx2;
extern const duri_bf16_kernels duri_bf16_avx512;
extern const duri_bf16_kernels duri_bf16_avx512bf16;
extern const duri_bf16_kernels duri_bf16_amx;

// bf16_rows_avx2.c, bf16_rows_avx512.c and bf16_rows_avx512bf16.c
#define DURI_BF16_ROWS(variant)                                                                   \
  void duri_bf16_round_##variant(uint16_t *q, size_t ldq, const float *x, size_t ldx, size_t rows, \
                                 size_t inputs);                                                  \
  void duri_bf16_norm_##variant(float *y, size_t ldy, uint16_t *q, size_t ldq, const float *x,    \
                                size_t ldx, const float *gamma, const float *beta, float eps,     \
                                size_t rows, size_t n);                                           \
  void duri_bf16_finish_##variant(const duri_bf16_product *product, const float *c, size_t ldc,   \
                                  size_t row, size_t rows, size_t output, size_t outputs);
DURI_BF16_ROWS(avx2)
DURI_BF16_ROWS(avx512)
DURI_BF16_ROWS(avx512bf16)
#undef DURI_BF16_ROWS
#endif
