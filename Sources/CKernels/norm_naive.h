// Layer norm of one row in plain C: of the int8 and bfloat16 layers, whose variants agree in every
// bit.
#pragma once

#include <math.h>
#include <stddef.h>
#include <string.h>

// A fused multiply-add happens where the text says fma, nowhere else.
#pragma STDC FP_CONTRACT OFF

// Sum of 16 lanes by halves: the order every variant has.
static inline double sum_lanes(const double lanes[16]) {
  double s[16];
  memcpy(s, lanes, sizeof s);
  for (size_t width = 8; width > 0; width /= 2) {
    for (size_t j = 0; j < width; j++) s[j] += s[j + width];
  }
  return s[0];
}

// y (n) = norm(x) * gamma + beta; y may be x.
static inline void scalar_norm(float *y, const float *x, const float *gamma, const float *beta,
                               float eps, size_t n) {
  double sums[16] = {0}, squares[16] = {0};
  for (size_t j = 0; j < n; j++) sums[j % 16] += x[j];
  const double mean = sum_lanes(sums) / (double)n;
  for (size_t j = 0; j < n; j++) {
    const double d = x[j] - mean;
    squares[j % 16] = fma(d, d, squares[j % 16]);
  }
  const double variance = sum_lanes(squares) / (double)n;
  const float inverse = (float)(1 / sqrt(variance + eps));
  // The mean in two parts, so that a mean far from zero costs no digits.
  const float mean_high = (float)mean, mean_low = (float)(mean - (double)mean_high);
  for (size_t j = 0; j < n; j++) {
    y[j] = fmaf((x[j] - mean_high - mean_low) * inverse, gamma[j], beta[j]);
  }
}
