// Linear layers in bfloat16: factors of 8 significant bits, sums in 32-bit floating point.
//
// Letters as in CKernels.h, and for one product y = x * w^T + b:
//   K inputs   N outputs   KP = K rounded up to 32   NP = N rounded up to 16
//
// Numbers:
//   r(x)    = x rounded to bfloat16, to nearest, ties to even; what is subnormal counts as zero,
//             a NaN stays one
//   s[t][o] = sum_i r(x[t][i]) * r(w[o][i])
//             from 0, by one fused multiply-add after the other: pairs of inputs (2g, 2g + 1) in
//             ascending order, of each pair the odd input first
//   v[t][o] = s[t][o] + bias[o]
//   y[t][o] = v[t][o]   or   v[t][o] + residual[t][o]   or   r(f(v[t][o]))
//
// Same bits: in every variant a row's result depends on that row alone: the order over K is fixed,
// whatever the rows and outputs of the call. Among each other,
//   naive, avx2, avx512   return the same bits;
//   avx512bf16            has their order and rounding (vdpbf16ps is two fused multiply-adds, the
//                         odd one first), but takes every partial sum under 2^-126 for zero;
//   amx                   sums the odd and the even inputs of 32 each for themselves, adds both and
//                         then adds that to what the inputs before gave, and flushes likewise.
// Products of two bfloat16 are exact in 32 bits unless they underflow, so either way a sum differs
// from the naive one by its own rounding only: in the tests by at most 1e-6 * sum_i |x w| + 1e-37.
//
// Not finite: a NaN in a row of x or of w makes the results that it has a part in NaN; an infinity
// makes them not finite (but for relu, where f(-infinity) = 0).
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

// The most inputs a product may have.
#define DURI_BF16_MAX_INPUTS ((size_t)1 << 24)

// MARK: Weights

// Packed weights of one product.
typedef struct duri_bf16_weights {
  // (NP/16, KP/2, 16, 2): block b, pair g, output j of the block, input i of the pair is
  // r(w[16*b + j][2*g + i]); zeros beyond N and K. One block is a run of KP*32 bytes, 16 pairs of
  // it are one AMX tile.
  const uint16_t *packed;
  size_t outputs;  // N
  size_t inputs;   // K
} duri_bf16_weights;

// Bytes of one product's packed weights, a multiple of 64; 0 if outputs or inputs is 0, inputs >
// DURI_BF16_MAX_INPUTS, or the size does not fit a size_t.
size_t duri_bf16_weights_size(size_t outputs, size_t inputs);

// The weights that lie, or will be packed, in `memory`: aligned to 64 bytes,
// duri_bf16_weights_size(outputs, inputs) bytes, not 0.
duri_bf16_weights duri_bf16_weights_in(void *memory, size_t outputs, size_t inputs);

// Rounds and packs rows first ..< first + count of w into `memory`; rows (count, K) are those rows
// as floats. The weights are complete when every row of 0 ..< N has been given once, in any order
// and by any threads.
void duri_bf16_pack(void *memory, size_t outputs, size_t inputs, const float *rows, size_t ldw,
                    size_t first, size_t count);

// MARK: Rounded rows

// Distance, in values, between rounded rows: at least KP, a multiple of 32 and never of 512 (rows
// that are read together would fall on the same few cache sets). inputs <= DURI_BF16_MAX_INPUTS.
size_t duri_bf16_row_stride(size_t inputs);

// MARK: Products

typedef enum duri_bf16_epilogue {
  DURI_BF16_BIAS = 0,      // y = v
  DURI_BF16_RESIDUAL = 1,  // y = v + residual
  // The others write `next`, the input of the next product:
  DURI_BF16_GELU_ERF = 2,   // next = r(0.5 * v * (1 + erf(v / sqrt(2)))), before r within 3e-6
  DURI_BF16_GELU_TANH = 3,  // next = r(0.5 * v * (1 + tanh(sqrt(2 / pi) * (v + 0.044715 * v^3))))
  DURI_BF16_RELU = 4,       // next = r(max(0, v))
} duri_bf16_epilogue;

// One product; its rows and outputs may be computed by several threads at once, each its own part.
typedef struct duri_bf16_product {
  const uint16_t *x;  // (rows, KP), as `round`, `norm` or a product's `next` left it
  size_t ldx;         // In values, >= KP, a multiple of 32.
  duri_bf16_weights weights;
  const float *bias;  // (N)
  duri_bf16_epilogue epilogue;
  // (rows, N); DURI_BF16_BIAS and DURI_BF16_RESIDUAL only.
  float *DURI_NULLABLE y;
  size_t ldy;
  // (rows, N); DURI_BF16_RESIDUAL only; may be y.
  const float *DURI_NULLABLE residual;
  size_t ldr;
  // (rows, N rounded up to 32), zeros beyond N; the activations only.
  uint16_t *DURI_NULLABLE next;
  size_t ldn;
} duri_bf16_product;

// One implementation of every kernel that has variants.
typedef struct duri_bf16_kernels {
  // "naive", "avx2", "avx512", "avx512bf16", "amx" or, for tests only, "amx-emulated".
  const char *name;

  // q (rows, KP) = r(x): x (rows, K); zeros beyond K.
  void (*round)(uint16_t *q, size_t ldq, const float *x, size_t ldx, size_t rows, size_t inputs);

  // y[t][j] = (x[t][j] - mean(x[t])) / sqrt(var(x[t]) + eps) * gamma[j] + beta[j], and q = r(y):
  // x, y (rows, n), gamma, beta (n), q (rows, n rounded up to 32). y may be x. Mean and variance in
  // double, summed in 16 lanes (j mod 16) and one tree: the same bits in all variants.
  void (*norm)(float *y, size_t ldy, uint16_t *q, size_t ldq, const float *x, size_t ldx,
               const float *gamma, const float *beta, float eps, size_t rows, size_t n);

  // Rows row_begin ..< row_end and outputs output_begin ..< output_end (<= N) of the product;
  // output_begin is a multiple of 16. (Parts of whole multiples of 64 outputs suit every variant.)
  void (*linear)(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end);
} duri_bf16_kernels;

// The fastest kernels this CPU runs, or those named by the environment variable DURI_BF16_KERNELS
// if the CPU runs them. Chosen once; never NULL.
const duri_bf16_kernels *duri_bf16_kernels_best(void);

// The kernels of this name, or NULL if there are none or this CPU cannot run them. "amx" asks the
// system for the tile registers and compares a small product with "naive" first; NULL if either
// fails.
const duri_bf16_kernels *DURI_NULLABLE duri_bf16_kernels_named(const char *DURI_NULLABLE name);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
