// The int8 reference: one plain loop per formula. It defines the bits every variant returns and
// runs on every machine. Formulas and shapes: include/CKernelsInt8.h.

#include <string.h>

#include "activation_naive.h"
#include "int8_variants.h"
#include "norm_naive.h"

// MARK: Sizes

size_t duri_int8_weights_size(size_t outputs, size_t inputs) {
  if (outputs == 0 || inputs == 0 || inputs > DURI_INT8_MAX_INPUTS) return 0;
  if (outputs > SIZE_MAX - 15) return 0;
  const size_t padded = (outputs + 15) / 16 * 16;
  // One output: its bytes, its scale and its sum.
  const size_t each = duri_int8_depth(inputs) + sizeof(float) + sizeof(int32_t);
  return padded > SIZE_MAX / each ? 0 : padded * each;
}

duri_int8_weights duri_int8_weights_in(void *memory, size_t outputs, size_t inputs) {
  return (duri_int8_weights){
      .packed = memory,
      .scale = duri_int8_scales(memory, outputs, inputs),
      .sum = duri_int8_sums(memory, outputs, inputs),
      .outputs = outputs,
      .inputs = inputs,
  };
}

size_t duri_int8_row_stride(size_t inputs) {
  const size_t depth = duri_int8_depth(inputs);
  return depth % 1024 == 0 ? depth + 64 : depth;
}

void duri_int8_clear_padding(void *memory, size_t outputs, size_t inputs) {
  const size_t depth = duri_int8_depth(inputs);
  int8_t *packed = memory;
  float *scale = duri_int8_scales(memory, outputs, inputs);
  int32_t *sum = duri_int8_sums(memory, outputs, inputs);
  for (size_t o = outputs; o % 16 != 0; o++) {
    for (size_t i = 0; i < depth; i += 4) memset(packed + duri_int8_place(depth, o, i), 0, 4);
    scale[o] = 0;
    sum[o] = 0;
  }
}

// MARK: Quantization

static void pack(void *memory, size_t outputs, size_t inputs, const float *rows, size_t ldw,
                 size_t first, size_t count) {
  const size_t depth = duri_int8_depth(inputs);
  int8_t *packed = memory;
  float *scale = duri_int8_scales(memory, outputs, inputs);
  int32_t *sum = duri_int8_sums(memory, outputs, inputs);
  for (size_t r = 0; r < count; r++) {
    const float *w = rows + r * ldw;
    const size_t o = first + r;
    float largest = 0;
    int finite = 1;
    for (size_t i = 0; i < inputs; i++) {
      const float magnitude = fabsf(w[i]);
      finite &= magnitude <= 3.40282347e38f;
      largest = magnitude > largest ? magnitude : largest;
    }
    const float multiplier = duri_int8_weight_scale(largest, finite, &scale[o]);
    int32_t total = 0;
    for (size_t i = 0; i < depth; i++) {
      int32_t value = 0;
      if (i < inputs && finite) value = (int32_t)rintf(w[i] * multiplier);
      value = value < -127 ? -127 : value > 127 ? 127 : value;
      packed[duri_int8_place(depth, o, i)] = (int8_t)value;
      total += value;
    }
    sum[o] = total;
  }
  if (count != 0 && first + count == outputs) duri_int8_clear_padding(memory, outputs, inputs);
}

static void quantize(uint8_t *q, size_t ldq, float *scale, int32_t *zero, const float *x,
                     size_t ldx, size_t rows, size_t inputs) {
  const size_t depth = duri_int8_depth(inputs);
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    float low = 0, high = 0;
    int finite = 1;
    for (size_t i = 0; i < inputs; i++) {
      finite &= fabsf(x_t[i]) <= 3.40282347e38f;
      low = x_t[i] < low ? x_t[i] : low;
      high = x_t[i] > high ? x_t[i] : high;
    }
    const float multiplier = duri_int8_row_scale(low, high, finite, &scale[t], &zero[t]);
    for (size_t i = 0; i < depth; i++) {
      int32_t value = 0;
      if (i < inputs && finite) value = (int32_t)rintf(x_t[i] * multiplier) + zero[t];
      q[t * ldq + i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
  }
}

static void norm_quantize(float *y, size_t ldy, uint8_t *q, size_t ldq, float *scale, int32_t *zero,
                          const float *x, size_t ldx, const float *gamma, const float *beta,
                          float eps, size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    const float *x_t = x + t * ldx;
    float *y_t = y + t * ldy;
    scalar_norm(y_t, x_t, gamma, beta, eps, n);
    quantize(q + t * ldq, ldq, scale + t, zero + t, y_t, ldy, 1, n);
  }
}

// MARK: Epilogue

void duri_int8_finish(const duri_int8_product *product, const int32_t *c, size_t ldc, size_t row,
                      size_t rows, size_t output, size_t outputs) {
  const duri_int8_weights *w = &product->weights;
  for (size_t t = row; t < row + rows; t++) {
    const int32_t *c_t = c + (t - row) * ldc;
    float *y = product->y + t * product->ldy;
    for (size_t o = output; o < output + outputs; o++) {
      // The difference fits 32 bits; its terms may wrap on the way.
      const uint32_t shift = (uint32_t)product->zero[t] * (uint32_t)w->sum[o];
      const int32_t s = (int32_t)((uint32_t)c_t[o - output] - shift);
      const float v = fmaf((float)s, product->scale[t] * w->scale[o], product->bias[o]);
      switch (product->epilogue) {
        case DURI_INT8_BIAS: y[o] = v; break;
        case DURI_INT8_GELU_ERF: y[o] = gelu_erf(v); break;
        case DURI_INT8_GELU_TABLE: y[o] = gelu_table(v); break;
        case DURI_INT8_GELU_TANH: y[o] = gelu_tanh(v); break;
        case DURI_INT8_RELU: y[o] = 0 > v ? 0 : v; break;
        case DURI_INT8_RESIDUAL: y[o] = v + product->residual[t * product->ldr + o]; break;
      }
    }
  }
}

// MARK: Product

static void linear(const duri_int8_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  const size_t depth = duri_int8_depth(product->weights.inputs);
  for (size_t o = output_begin; o < output_end; o += 16) {
    const int8_t *block = product->weights.packed + o * depth;
    for (size_t t = row_begin; t < row_end; t++) {
      const uint8_t *q = product->q + t * product->ldq;
      int32_t c[16] = {0};
      for (size_t i = 0; i < depth; i += 4) {
        for (size_t j = 0; j < 16; j++) {
          for (size_t l = 0; l < 4; l++) c[j] += q[i + l] * block[i * 16 + j * 4 + l];
        }
      }
      duri_int8_finish(product, c, 16, t, 1, o, output_end - o < 16 ? output_end - o : 16);
    }
  }
}

const duri_int8_kernels duri_int8_generic = {
    .name = "generic",
    .pack = pack,
    .quantize = quantize,
    .norm_quantize = norm_quantize,
    .linear = linear,
};
