// The activations in plain C, operation by operation as the vectorised ones: of the int8 and
// bfloat16 epilogues, whose variants agree in every bit.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "gelu_table.h"
#include "variants.h"

// A fused multiply-add happens where the text says fma, nowhere else.
#pragma STDC FP_CONTRACT OFF

static inline float scalar_exp(float x) {
  if (isnan(x)) return x;
  x = DURI_EXP_MIN > x ? DURI_EXP_MIN : x;
  x = DURI_EXP_MAX < x ? DURI_EXP_MAX : x;
  const float k = rintf(x * DURI_LOG2_E);
  float r = fmaf(-k, DURI_LN2_HIGH, x);
  r = fmaf(-k, DURI_LN2_LOW, r);
  float p = fmaf(DURI_EXP_4, r, DURI_EXP_3);
  p = fmaf(p, r, DURI_EXP_2);
  p = fmaf(p, r, DURI_EXP_1);
  p = fmaf(p, r, DURI_EXP_0);
  p = fmaf(p, r * r, r);
  return ldexpf(p + 1, (int)k);
}

static inline float scalar_erf(float x) {
  float a = fabsf(x), y;
  a = 4 < a ? 4 : a;
  if (a > 1) {
    y = fmaf(DURI_ERFC_8, a, DURI_ERFC_7);
    y = fmaf(y, a, DURI_ERFC_6);
    y = fmaf(y, a, DURI_ERFC_5);
    y = fmaf(y, a, DURI_ERFC_4);
    y = fmaf(y, a, DURI_ERFC_3);
    y = fmaf(y, a, DURI_ERFC_2);
    y = fmaf(y, a, DURI_ERFC_1);
    y = fmaf(y, a, DURI_ERFC_0);
    y = 1 - scalar_exp(y);
  } else {
    const float s = a * a;
    y = fmaf(DURI_ERF_6, s, DURI_ERF_5);
    y = fmaf(y, s, DURI_ERF_4);
    y = fmaf(y, s, DURI_ERF_3);
    y = fmaf(y, s, DURI_ERF_2);
    y = fmaf(y, s, DURI_ERF_1);
    y = fmaf(y, s, DURI_ERF_0);
    y = y * a;
  }
  return copysignf(y, x);
}

static inline float gelu_erf(float x) {
  const float half = 0.5f * x;
  return fmaf(half, scalar_erf(x * 0.70710678118654752f), half);
}

static inline float gelu_table(float x) {
  float u = fabsf(x) * DURI_PHI_STEPS;
  u = 15 < u ? 15 : u;
  const float rounded = u + DURI_PHI_ROUND, r = u - (rounded - DURI_PHI_ROUND);
  uint32_t bits;
  memcpy(&bits, &rounded, sizeof bits);
  const uint32_t i = bits % 16;
  float phi = fmaf(duri_phi[3][i], r, duri_phi[2][i]);
  phi = fmaf(phi, r, duri_phi[1][i]);
  phi = fmaf(phi, r, duri_phi[0][i]);
  return fmaf(x, copysignf(phi, x), 0.5f * x);
}

// 0.5 * (1 + tanh(u)) = 1 / (1 + exp(-2u))
static inline float gelu_tanh(float x) {
  const float cube = x * x * x, u = fmaf(cube, 0.044715f, x);
  return x / (1 + scalar_exp(u * (-2 * 0.79788456080286536f)));
}
