// Linear layers in 8-bit integers.
//
// Letters as in CKernels.h, and for one product y = x * w^T + b:
//   K inputs   N outputs   KP = K rounded up to 64   NP = N rounded up to 16
//
// Numbers. A weight row is symmetric, an input row asymmetric:
//   w8[o][i] = round(w[o][i] / weight_scale[o])           in -127...127
//              weight_scale[o] = max_i |w[o][i]| / 127
//   q[t][i]  = clamp(round(x[t][i] / scale[t]) + zero[t])  in 0...255
//              scale[t] = (high - low) / 255, zero[t] = round(-low / scale[t]),
//              low = min(0, min_i x[t][i]), high = max(0, max_i x[t][i])
//   s[t][o]  = sum_i q[t][i] * w8[o][i] - zero[t] * sum_i w8[o][i]        exact, 32 bits
//   v[t][o]  = fma(s[t][o], scale[t] * weight_scale[o], bias[o])         one rounding per operation
//   y[t][o]  = f(v[t][o])   or   v[t][o] + residual[t][o]
// (round: to nearest, ties to even; the scheme is that of Jacob et al. 2018, "Quantization and
// training of neural networks for efficient integer-arithmetic-only inference", with a scale per
// output and per token.)
//
// Same bits: the sums are exact and every floating-point operation is fixed, so all variants, on
// all machines, return the same bits for a row, whatever the rows and outputs of the call.
//
// Not finite: a row of x (or of w) that holds a NaN or an infinity gets the scale NaN, and its
// results are NaN in every output (of w: in that output). A row whose range is under 1e-36 counts
// as zeros. Results may overflow to infinity as any float product.
//
// Memory is the caller's: aligned to 64 bytes where stated, nothing is allocated, nothing outside
// the stated shapes is written. Sizes of 0 do nothing.
#pragma once

#include <stdint.h>

#include "CKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// The most inputs a product may have: 65536 * 255 * 127 fits 32 bits.
#define DURI_INT8_MAX_INPUTS ((size_t)65536)

// MARK: Weights

// Packed weights of one product.
typedef struct duri_int8_weights {
  // (NP/16, KP/4, 16, 4): block b, group g, output j of the block, input i of the group is
  // w8[16*b + j][4*g + i]; zeros beyond N and K. One block is a run of KP*16 bytes, 16 groups of it
  // are one AMX tile.
  const int8_t *packed;
  const float *scale;  // (NP) weight_scale, zeros beyond N
  const int32_t *sum;  // (NP) sum_i w8[o][i], zeros beyond N
  size_t outputs;      // N
  size_t inputs;       // K
} duri_int8_weights;

// Bytes of one product's weights (packed, scale and sum in one piece), a multiple of 64;
// 0 if outputs or inputs is 0, inputs > DURI_INT8_MAX_INPUTS, or the size does not fit a size_t.
size_t duri_int8_weights_size(size_t outputs, size_t inputs);

// The weights that lie, or will be packed, in `memory`: aligned to 64 bytes,
// duri_int8_weights_size(outputs, inputs) bytes, not 0.
duri_int8_weights duri_int8_weights_in(void *memory, size_t outputs, size_t inputs);

// MARK: Quantized rows

// Distance in bytes between quantized rows: at least KP, a multiple of 64 and never of 1024 (rows
// that are read together would fall on the same few cache sets). inputs <= DURI_INT8_MAX_INPUTS.
size_t duri_int8_row_stride(size_t inputs);

// MARK: Products

typedef enum duri_int8_epilogue {
  DURI_INT8_BIAS = 0,       // y = v
  DURI_INT8_GELU_ERF = 1,   // y = 0.5 * v * (1 + erf(v / sqrt(2)))
  DURI_INT8_GELU_TANH = 2,  // y = 0.5 * v * (1 + tanh(sqrt(2 / pi) * (v + 0.044715 * v^3)))
  DURI_INT8_RELU = 3,       // y = max(0, v)
  DURI_INT8_RESIDUAL = 4,   // y = v + residual
  // As DURI_INT8_GELU_ERF within 3e-6 (absolute), in less than half the time: for results that are
  // quantized next.
  DURI_INT8_GELU_TABLE = 5,
} duri_int8_epilogue;

// One product; its rows and outputs may be computed by several threads at once, each its own part.
typedef struct duri_int8_product {
  float *y;  // (rows, N)
  size_t ldy;
  const uint8_t *q;  // (rows, KP), as quantize or norm_quantize wrote it
  size_t ldq;        // bytes, >= KP
  const float *scale;   // (rows)
  const int32_t *zero;  // (rows)
  duri_int8_weights weights;
  const float *bias;  // (N)
  // (rows, N); read by DURI_INT8_RESIDUAL only; may be y.
  const float *DURI_NULLABLE residual;
  size_t ldr;
  duri_int8_epilogue epilogue;
} duri_int8_product;

// One implementation of every kernel. All return the same bits.
typedef struct duri_int8_kernels {
  // "generic", "avx2", "avxvnni", "avx512vnni", "amx" or, for tests only, "amx-emulated".
  const char *name;

  // Quantizes and packs rows first ..< first + count of w into `memory` (see duri_int8_weights_in);
  // rows (count, K) are those rows as floats. The weights are complete when every row of 0 ..< N
  // has been given once, in any order and by any threads.
  void (*pack)(void *memory, size_t outputs, size_t inputs, const float *rows, size_t ldw,
               size_t first, size_t count);

  // x (rows, K) to q (rows, KP), scale (rows), zero (rows); q holds 0 beyond K.
  void (*quantize)(uint8_t *q, size_t ldq, float *scale, int32_t *zero, const float *x, size_t ldx,
                   size_t rows, size_t inputs);

  // y[t][j] = (x[t][j] - mean(x[t])) / sqrt(var(x[t]) + eps) * gamma[j] + beta[j], and its
  // quantized form: x, y (rows, n), gamma, beta (n), q (rows, n rounded up to 64), scale and zero
  // (rows). y may be x. Mean and variance in double, summed in 16 lanes (j mod 16) and one tree.
  void (*norm_quantize)(float *y, size_t ldy, uint8_t *q, size_t ldq, float *scale, int32_t *zero,
                        const float *x, size_t ldx, const float *gamma, const float *beta,
                        float eps, size_t rows, size_t n);

  // Rows row_begin ..< row_end and outputs output_begin ..< output_end (<= N) of the product;
  // output_begin is a multiple of 16. (Parts of whole multiples of 64 outputs suit every variant.)
  void (*linear)(const duri_int8_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end);
} duri_int8_kernels;

// The fastest kernels this CPU runs, or those named by the environment variable DURI_INT8_KERNELS
// if the CPU runs them. Chosen once; never NULL.
const duri_int8_kernels *duri_int8_kernels_best(void);

// The kernels of this name, or NULL if there are none or this CPU cannot run them. "amx" asks the
// kernel for the tile registers and compares a small product with "generic" first; NULL if either
// fails.
const duri_int8_kernels *DURI_NULLABLE duri_int8_kernels_named(const char *DURI_NULLABLE name);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
