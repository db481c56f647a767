// The bfloat16 reference: one plain loop per formula. It runs on every machine. Formulas and
// shapes: include/CKernelsBF16.h.

#include "activation_naive.h"
#include "bf16_variants.h"
#include "norm_naive.h"

// MARK: Sizes

size_t duri_bf16_weights_size(size_t outputs, size_t inputs) {
  if (outputs == 0 || inputs == 0 || inputs > DURI_BF16_MAX_INPUTS) return 0;
  if (outputs > SIZE_MAX - 15) return 0;
  const size_t padded = (outputs + 15) / 16 * 16, each = duri_bf16_depth(inputs);
  return padded > SIZE_MAX / each ? 0 : padded * each;
}

duri_bf16_weights duri_bf16_weights_in(void *memory, size_t outputs, size_t inputs) {
  return (duri_bf16_weights){.packed = memory, .outputs = outputs, .inputs = inputs};
}

size_t duri_bf16_row_stride(size_t inputs) {
  const size_t depth = duri_bf16_depth(inputs);
  return (depth % 1024 == 0 ? depth + 64 : depth) / sizeof(uint16_t);
}

// MARK: Weights

void duri_bf16_pack(void *memory, size_t outputs, size_t inputs, const float *rows, size_t ldw,
                    size_t first, size_t count) {
  const size_t depth = duri_bf16_depth(inputs) / 2;
  uint16_t *packed = memory;
  for (size_t r = 0; r < count; r++) {
    const float *w = rows + r * ldw;
    const size_t o = first + r;
    uint16_t *place = packed + o / 16 * 16 * depth + o % 16 * 2;  // Of input 0.
    for (size_t i = 0; i < depth; i += 2) {
      place[i * 16] = i < inputs ? duri_bf16_round(w[i]) : 0;
      place[i * 16 + 1] = i + 1 < inputs ? duri_bf16_round(w[i + 1]) : 0;
    }
  }
  if (count == 0 || first + count != outputs) return;
  for (size_t o = outputs; o % 16 != 0; o++) {
    uint16_t *place = packed + o / 16 * 16 * depth + o % 16 * 2;
    for (size_t i = 0; i < depth; i += 2) place[i * 16] = place[i * 16 + 1] = 0;
  }
}

// MARK: Rows

void duri_bf16_round_naive(uint16_t *q, size_t ldq, const float *x, size_t ldx, size_t rows,
                           size_t inputs) {
  const size_t depth = duri_bf16_depth(inputs) / 2;
  for (size_t t = 0; t < rows; t++) {
    for (size_t i = 0; i < depth; i++) {
      q[t * ldq + i] = i < inputs ? duri_bf16_round(x[t * ldx + i]) : 0;
    }
  }
}

void duri_bf16_norm_naive(float *y, size_t ldy, uint16_t *q, size_t ldq, const float *x, size_t ldx,
                          const float *gamma, const float *beta, float eps, size_t rows, size_t n) {
  for (size_t t = 0; t < rows; t++) {
    scalar_norm(y + t * ldy, x + t * ldx, gamma, beta, eps, n);
    duri_bf16_round_naive(q + t * ldq, ldq, y + t * ldy, ldy, 1, n);
  }
}

// MARK: Product

void duri_bf16_finish_naive(const duri_bf16_product *product, const float *c, size_t ldc,
                            size_t row, size_t rows, size_t output, size_t outputs) {
  for (size_t t = row; t < row + rows; t++) {
    const float *c_t = c + (t - row) * ldc;
    float *y = duri_bf16_writes_next(product->epilogue) ? NULL : product->y + t * product->ldy;
    uint16_t *next = y == NULL ? product->next + t * product->ldn : NULL;
    for (size_t o = output; o < output + outputs; o++) {
      const float v = c_t[o - output] + product->bias[o];
      switch (product->epilogue) {
        case DURI_BF16_BIAS: y[o] = v; break;
        case DURI_BF16_RESIDUAL: y[o] = v + product->residual[t * product->ldr + o]; break;
        case DURI_BF16_GELU_ERF: next[o] = duri_bf16_round(gelu_table(v)); break;
        case DURI_BF16_GELU_TANH: next[o] = duri_bf16_round(gelu_tanh(v)); break;
        case DURI_BF16_RELU: next[o] = duri_bf16_round(0 > v ? 0 : v); break;
      }
    }
  }
}

static void pass(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                 size_t output_begin, size_t output_end) {
  const size_t depth = duri_bf16_depth(product->weights.inputs) / 2;
  for (size_t o = output_begin; o < output_end; o += 16) {
    const uint16_t *block = product->weights.packed + o * depth;
    for (size_t t = row_begin; t < row_end; t++) {
      const uint16_t *x = product->x + t * product->ldx;
      float c[16] = {0};
      for (size_t i = 0; i < depth; i += 2) {
        const uint16_t *pairs = block + i * 16;
        const float odd = duri_bf16_value(x[i + 1]), even = duri_bf16_value(x[i]);
        for (size_t j = 0; j < 16; j++) c[j] = fmaf(odd, duri_bf16_value(pairs[2 * j + 1]), c[j]);
        for (size_t j = 0; j < 16; j++) c[j] = fmaf(even, duri_bf16_value(pairs[2 * j]), c[j]);
      }
      const size_t outputs = output_end - o < 16 ? output_end - o : 16;
      duri_bf16_finish_naive(product, c, 16, t, 1, o, outputs);
    }
  }
}

static void linear(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_bf16_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_bf16_kernels duri_bf16_naive = {
    .name = "naive",
    .round = duri_bf16_round_naive,
    .norm = duri_bf16_norm_naive,
    .linear = linear,
};
