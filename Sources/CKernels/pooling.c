// Kernels that cost too little to have variants: pooling, bias, normalisation of one vector.

#include <math.h>

#include "CKernels.h"

void duri_add_bias(float *x, size_t ldx, const float *bias, size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    float *restrict x_t = x + t * ldx;
    for (size_t j = 0; j < n; j++) x_t[j] += bias[j];
  }
}

void duri_pool_sum(float *out, const float *x, size_t ldx, size_t rows, size_t n, double divisor) {
  enum { WIDTH = 64 };
  for (size_t j0 = 0; j0 < n; j0 += WIDTH) {
    const size_t width = n - j0 < WIDTH ? n - j0 : WIDTH;
    double sum[WIDTH] = {0};
    for (size_t t = 0; t < rows; t++) {
      for (size_t j = 0; j < width; j++) sum[j] += x[t * ldx + j0 + j];
    }
    for (size_t j = 0; j < width; j++) out[j0 + j] = (float)(sum[j] / divisor);
  }
}

void duri_pool_max(float *out, const float *x, size_t ldx, size_t rows, size_t n) {
  for (size_t j = 0; j < n; j++) out[j] = x[j];
  for (size_t t = 1; t < rows; t++) {
    for (size_t j = 0; j < n; j++) {
      const float v = x[t * ldx + j];
      if (v > out[j] || isnan(v)) out[j] = v;
    }
  }
}

void duri_tanh(float *v, size_t n) {
  for (size_t j = 0; j < n; j++) v[j] = tanhf(v[j]);
}

void duri_l2_normalize(float *v, size_t n) {
  double squares = 0;
  for (size_t j = 0; j < n; j++) squares += (double)v[j] * v[j];
  if (squares == 0) return;
  const double inverse = 1 / sqrt(squares);
  for (size_t j = 0; j < n; j++) v[j] = (float)(v[j] * inverse);
}

int duri_is_finite(const float *v, size_t n) {
  for (size_t j = 0; j < n; j++) {
    if (!isfinite(v[j])) return 0;
  }
  return 1;
}
