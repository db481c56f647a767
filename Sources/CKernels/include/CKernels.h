// Row-wise loops of the encoder.
//
// Letters used for shapes and sizes:
//   T rows (tokens)   H hidden size   I intermediate size   D head size   A heads
//   n length of one text (tokens)     ld* distance between two rows, in floats (>= the row's
//   length)
// Every matrix is row-major. Every function is total for its stated shapes: nothing is read or
// written outside them, sizes of 0 do nothing, and a NaN in a row makes that row's result not finite
// (so does an infinity, but for relu, where f(-infinity) = 0).
//
// Each kernel has one naive reference (`duri_*_naive`, naive.c), kept for ever: faster variants are
// held against it by tests. Which one runs is chosen in one place: kernels_dispatch.c.
//
// Same bits: in every variant a row's result depends on that row alone, never on how many rows
// there are or where it stands: reductions have one fixed order that depends on the row's length
// only.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#define DURI_NULLABLE _Nullable
#else
#define DURI_NULLABLE
#endif

typedef enum duri_activation {
  DURI_GELU_ERF = 0,
  DURI_GELU_TANH = 1,
  DURI_RELU = 2,
} duri_activation;

// One implementation of every kernel that has variants.
typedef struct duri_kernels {
  const char *name;  // "generic", "avx2", "avx512" or "avx512bf16"

  // y[t][o] = sum_i x[t][i] * w[o][i]: x (rows, in), w (out, in), y (rows, out).
  // The weights are read where they lie (a mapped file); nothing is packed. NULL in "generic":
  // there the caller's BLAS is faster than plain C.
  void (*DURI_NULLABLE linear)(float *y, size_t ldy, const float *x, size_t ldx, const float *w,
                               size_t ldw, size_t rows, size_t out, size_t in);

  // c[i][j] = sum_k a[i][k] * b[k][j], k ascending: a (m, k), b (k, n), c (m, n).
  void (*matmul)(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                 size_t m, size_t n, size_t k);

  // s[r][j] = exp(scale * (s[r][j] - max_j s[r])) / sum_j of the same: s (rows, n), in place, scale
  // > 0.
  void (*softmax)(float *s, size_t lds, size_t rows, size_t n, float scale);

  // x[t][j] = f(x[t][j] + bias[j]): x (rows, n) in place, bias (n).
  void (*activate)(float *x, size_t ldx, const float *bias, size_t rows, size_t n,
                   duri_activation function);

  // v = x[t] + r[t] + bias;  y[t][j] = (v[j] - mean(v)) / sqrt(var(v) + eps) * gamma[j] + beta[j]
  // x, r, y (rows, n), bias, gamma, beta (n); mean and variance in double; y may be x or r.
  // Serves the residual norms (x = projection, r = residual) and the embeddings (x = word rows,
  // r = position rows, bias = token type row).
  void (*residual_norm)(float *y, size_t ldy, const float *x, size_t ldx, const float *r,
                        size_t ldr, const float *bias, const float *gamma, const float *beta,
                        float eps, size_t rows, size_t n);

  // As duri_attention, with the factors of both products rounded to bfloat16 and sums in 32 bits: a
  // result differs by about 1 % of the largest value of v. NULL where the CPU has no such product.
  // scratch: attention_bf16_scratch(n, head_size) floats; 0 if the size does not fit.
  void (*DURI_NULLABLE attention_bf16)(float *out, size_t ldo, const float *qkv, size_t ldqkv,
                                       size_t n, size_t heads, size_t head_size, size_t head,
                                       size_t first, size_t count, float *scratch);
  size_t (*DURI_NULLABLE attention_bf16_scratch)(size_t n, size_t head_size);
} duri_kernels;

// The fastest kernels this CPU runs, or those named by the environment variable DURI_KERNELS
// (generic, avx2, avx512, avx512bf16) if the CPU runs them. Chosen once; never NULL.
const duri_kernels *duri_kernels_best(void);

// The kernels of this name, or NULL if there are none or this CPU cannot run them.
const duri_kernels *DURI_NULLABLE duri_kernels_named(const char *DURI_NULLABLE name);

// MARK: Naive references (shapes as above)

void duri_linear_naive(float *y, size_t ldy, const float *x, size_t ldx, const float *w, size_t ldw,
                       size_t rows, size_t out, size_t in);
void duri_matmul_naive(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                       size_t m, size_t n, size_t k);
void duri_softmax_naive(float *s, size_t lds, size_t rows, size_t n, float scale);
void duri_activate_naive(float *x, size_t ldx, const float *bias, size_t rows, size_t n,
                         duri_activation function);
void duri_residual_norm_naive(float *y, size_t ldy, const float *x, size_t ldx, const float *r,
                              size_t ldr, const float *bias, const float *gamma, const float *beta,
                              float eps, size_t rows, size_t n);

// out[i][a*D+j] = sum_m softmax_m(q[i].k[m] / sqrt(D)) * v[m][a*D+j] for each head a.
// qkv (n, 3*A*D): queries, keys, values side by side; out (n, A*D); p (n): scratch.
void duri_attention_naive(float *out, size_t ldo, const float *qkv, size_t ldqkv, size_t n,
                          size_t heads, size_t head_size, double *p);

// MARK: Kernels with one implementation

// Queries first ..< first + count of one head of duri_attention_naive, by matrix products over blocks
// of queries (attention.c).
// scratch: duri_attention_scratch(n, head_size) floats, contents do not matter.
void duri_attention(const duri_kernels *kernels, float *out, size_t ldo, const float *qkv,
                    size_t ldqkv, size_t n, size_t heads, size_t head_size, size_t head,
                    size_t first, size_t count, float *scratch);
// 0 if the size does not fit a size_t.
size_t duri_attention_scratch(size_t n, size_t head_size);

// x[t][j] += bias[j]: x (rows, n), bias (n).
void duri_add_bias(float *x, size_t ldx, const float *bias, size_t rows, size_t n);

// out[j] = sum_t x[t][j] / divisor, summed in double: x (rows, n), out (n).
// divisor = rows gives the mean, sqrt(rows) gives mean_sqrt_len.
void duri_pool_sum(float *out, const float *x, size_t ldx, size_t rows, size_t n, double divisor);

// out[j] = max_t x[t][j]; NaN if any is NaN: x (rows, n), rows >= 1, out (n).
void duri_pool_max(float *out, const float *x, size_t ldx, size_t rows, size_t n);

// v[j] = tanh(v[j]): v (n).
void duri_tanh(float *v, size_t n);

// v = v / |v|, the norm in double; a zero vector stays zero: v (n).
void duri_l2_normalize(float *v, size_t n);

// 1 if no v[j] is NaN or infinite: v (n).
int duri_is_finite(const float *v, size_t n);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
