// The reference kernels: one plain loop per formula, sums in double where a sum is long. They
// define what the faster variants must return and run on every machine. Formulas and shapes:
// include/CKernels.h.

#include <math.h>

#include "variants.h"

void duri_linear_naive(float *y, size_t ldy, const float *x, size_t ldx, const float *w, size_t ldw,
                       size_t rows, size_t out, size_t in) {
  for (size_t t = 0; t < rows; t++) {
    for (size_t o = 0; o < out; o++) {
      double sum = 0;
      for (size_t i = 0; i < in; i++) sum += (double)x[t * ldx + i] * w[o * ldw + i];
      y[t * ldy + o] = (float)sum;
    }
  }
}

// In this loop order the inner loop is a plain y += a*x, which compilers vectorise without
// reordering.
void duri_matmul_naive(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                       size_t m, size_t n, size_t k) {
  for (size_t i = 0; i < m; i++) {
    float *restrict c_i = c + i * ldc;
    for (size_t j = 0; j < n; j++) c_i[j] = 0;
    for (size_t l = 0; l < k; l++) {
      const float a_il = a[i * lda + l];
      const float *restrict b_l = b + l * ldb;
      for (size_t j = 0; j < n; j++) c_i[j] += a_il * b_l[j];
    }
  }
}

void duri_softmax_naive(float *s, size_t lds, size_t rows, size_t n, float scale) {
  for (size_t r = 0; r < rows; r++) {
    float *s_r = s + r * lds;
    float max = -INFINITY;
    for (size_t j = 0; j < n; j++) max = s_r[j] > max ? s_r[j] : max;
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
      s_r[j] = expf(scale * (s_r[j] - max));
      sum += s_r[j];
    }
    for (size_t j = 0; j < n; j++) s_r[j] = (float)(s_r[j] / sum);
  }
}

// 0.5 * x * (1 + erf(x / sqrt(2)))
static float gelu_erf(float x) { return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f)); }

// 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
static float gelu_tanh(float x) {
  return 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
}

// max(0, x); NaN stays NaN.
static float relu(float x) { return x < 0 ? 0 : x; }

void duri_activate_naive(float *x, size_t ldx, const float *bias, size_t rows, size_t n,
                         duri_activation function) {
  for (size_t t = 0; t < rows; t++) {
    float *x_t = x + t * ldx;
    for (size_t j = 0; j < n; j++) {
      const float v = x_t[j] + bias[j];
      switch (function) {
        case DURI_GELU_ERF: x_t[j] = gelu_erf(v); break;
        case DURI_GELU_TANH: x_t[j] = gelu_tanh(v); break;
        case DURI_RELU: x_t[j] = relu(v); break;
      }
    }
  }
}

void duri_residual_norm_naive(float *y, size_t ldy, const float *x, size_t ldx, const float *r,
                              size_t ldr, const float *bias, const float *gamma, const float *beta,
                              float eps, size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx, *r_t = r + t * ldr;
    float *y_t = y + t * ldy;
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
      y_t[j] = x_t[j] + bias[j] + r_t[j];
      sum += y_t[j];
    }
    const double mean = sum / (double)n;
    double squares = 0;
    for (size_t j = 0; j < n; j++) squares += (y_t[j] - mean) * (y_t[j] - mean);
    const double inverse = 1 / sqrt(squares / (double)n + eps);
    for (size_t j = 0; j < n; j++) {
      y_t[j] = (float)((y_t[j] - mean) * inverse) * gamma[j] + beta[j];
    }
  }
}

void duri_attention_naive(float *out, size_t ldo, const float *qkv, size_t ldqkv, size_t n,
                          size_t heads, size_t head_size, double *p) {
  const size_t hidden = heads * head_size;
  const double scale = 1 / sqrt((double)head_size);
  for (size_t a = 0; a < heads; a++) {
    const float *q = qkv + a * head_size, *k = q + hidden, *v = k + hidden;
    for (size_t i = 0; i < n; i++) {
      double max = -INFINITY, sum = 0;
      for (size_t m = 0; m < n; m++) {
        p[m] = 0;
        for (size_t j = 0; j < head_size; j++) p[m] += (double)q[i * ldqkv + j] * k[m * ldqkv + j];
        max = p[m] > max ? p[m] : max;
      }
      for (size_t m = 0; m < n; m++) {
        p[m] = exp(scale * (p[m] - max));
        sum += p[m];
      }
      for (size_t j = 0; j < head_size; j++) {
        double context = 0;
        for (size_t m = 0; m < n; m++) context += p[m] * v[m * ldqkv + j];
        out[i * ldo + a * head_size + j] = (float)(context / sum);
      }
    }
  }
}

const duri_kernels duri_kernels_generic = {
    .name = "generic",
    .linear = NULL,
    .matmul = duri_matmul_naive,
    .softmax = duri_softmax_naive,
    .activate = duri_activate_naive,
    .residual_norm = duri_residual_norm_naive,
};
