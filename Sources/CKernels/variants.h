// What the variants share; not seen outside this target.
#pragma once

#include "CKernels.h"

extern const duri_kernels duri_kernels_generic;

#if defined(__x86_64__)
extern const duri_kernels duri_kernels_avx2;
extern const duri_kernels duri_kernels_avx512;
extern const duri_kernels duri_kernels_avx512bf16;

#define DURI_AVX2 __attribute__((target("avx2,fma")))
#define DURI_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define DURI_AVX512BF16 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")))
#define DURI_INLINE static inline __attribute__((always_inline))

// rows_avx512.c
void duri_softmax_avx512(float *s, size_t lds, size_t rows, size_t n, float scale);
void duri_activate_avx512(float *x, size_t ldx, const float *bias, size_t rows, size_t n,
                          duri_activation function);
void duri_residual_norm_avx512(float *y, size_t ldy, const float *x, size_t ldx, const float *r,
                               size_t ldr, const float *bias, const float *gamma,
                               const float *beta, float eps, size_t rows, size_t n);

// linear_*.c and matmul_*.c
void duri_linear_avx2(float *y, size_t ldy, const float *x, size_t ldx, const float *w, size_t ldw,
                      size_t rows, size_t out, size_t in);
void duri_linear_avx512(float *y, size_t ldy, const float *x, size_t ldx, const float *w,
                        size_t ldw, size_t rows, size_t out, size_t in);
void duri_matmul_avx2(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                      size_t m, size_t n, size_t k);
void duri_matmul_avx512(float *c, size_t ldc, const float *a, size_t lda, const float *b,
                        size_t ldb, size_t m, size_t n, size_t k);
#endif

// Floats of one input chunk of a linear kernel: long inputs are cut into equal chunks (a function
// of `in` alone) whose sums are added in order, so that a tile of rows and weights stays in the
// first-level cache.
static inline size_t duri_linear_chunk(size_t in) {
  const size_t longest = 768;
  const size_t chunks = in / longest + (in % longest != 0);
  if (chunks <= 1) return in;
  const size_t even = in / chunks + (in % chunks != 0);
  return (even + 15) / 16 * 16;
}

// Rows computed together against one pass over the weights: what half a megabyte of cache holds.
static inline size_t duri_linear_rows(size_t chunk) {
  const size_t rows = 96 * 1024 / (chunk ? chunk : 1);
  return rows < 96 ? 96 : rows;
}

// Bytes ahead, in each run of packed weights, that the first tile of rows asks for: what is far
// enough for weights that come from memory (int8, 16 rows, 4096 -> 1024: 62 % of the peak -> 85 %)
// and costs 3 % of one row's speed if they are in the cache.
enum { DURI_AHEAD = 8192 };

// exp(r) = 1 + r + r^2 * (E0 + E1 r + ... ) for |r| <= ln(2) / 2; minimax, relative error 8e-9.
#define DURI_EXP_0 0.5f
#define DURI_EXP_1 0.166665766661f
#define DURI_EXP_2 0.041666554213f
#define DURI_EXP_3 0.00836323288368f
#define DURI_EXP_4 0.00139262508315f
// ln(2) in two parts, the first short enough that its multiples are exact.
#define DURI_LN2_HIGH 0.693359375f
#define DURI_LN2_LOW -2.12194440e-4f
#define DURI_LOG2_E 1.44269504088896341f
// exp(x) is a normal number from here on up (and to 88.3763 at the other end).
#define DURI_EXP_MIN -87.3365f
#define DURI_EXP_MAX 88.3762f

// erf(x) = x * (P0 + P1 x^2 + ...) for |x| <= 1; minimax, error 1.2e-9.
#define DURI_ERF_0 1.12837916585f
#define DURI_ERF_1 -0.376126266667f
#define DURI_ERF_2 0.112835947152f
#define DURI_ERF_3 -0.0268542120106f
#define DURI_ERF_4 0.00518908742343f
#define DURI_ERF_5 -0.000801686428717f
#define DURI_ERF_6 7.87587506269e-5f
// erf(x) = 1 - exp(Q0 + Q1 x + ...) for 1 <= x <= 4 (beyond, erf rounds to 1); error of the
// exponent 1.7e-8.
#define DURI_ERFC_0 0.000320138049678f
#define DURI_ERFC_1 -1.13023343484f
#define DURI_ERFC_2 -0.631826051559f
#define DURI_ERFC_3 -0.110080082949f
#define DURI_ERFC_4 0.0264211360057f
#define DURI_ERFC_5 -0.00475959629327f
#define DURI_ERFC_6 0.000596805625661f
#define DURI_ERFC_7 -4.60580426892e-5f
#define DURI_ERFC_8 1.63715141459e-6f
