// The int8 tile kernels with tiles in plain C, for tests. Never chosen.

#include "amx_emulated.h"
#include "int8_variants.h"

static void emulated_multiply(size_t c, size_t a, size_t b) {
  const tile *left = &tiles[a], *right = &tiles[b];
  tile *sums = &tiles[c];
  const int fits = emulated_fits(c, a, b);
  for (size_t m = 0; m < 16; m++) {
    for (size_t n = 0; n < 16; n++) {
      int32_t sum;
      memcpy(&sum, &sums->bytes[m][4 * n], 4);
      if (!fits) sum = INT32_MIN;
      if (fits && m < sums->rows && 4 * n < sums->row_bytes) {
        for (size_t k = 0; k < right->rows; k++) {
          for (size_t i = 0; i < 4; i++) {
            sum += left->bytes[m][4 * k + i] * (int8_t)right->bytes[k][4 * n + i];
          }
        }
      }
      memcpy(&sums->bytes[m][4 * n], &sum, 4);
    }
  }
}

#define AMX_MULTIPLY(c, a, b) emulated_multiply(c, a, b)
#define AMX_PRODUCT duri_int8_product
#define AMX_SUM int32_t
#define AMX_DEPTH(product) duri_int8_depth((product)->weights.inputs)
#define AMX_ROW(product, t) ((product)->q + (t) * (product)->ldq)
#define AMX_ROW_STRIDE(product) (product)->ldq
#define AMX_FINISH duri_int8_finish
#include "amx_body.h"

static void pack(void *memory, size_t outputs, size_t inputs, const float *rows, size_t ldw,
                 size_t first, size_t count) {
  duri_int8_generic.pack(memory, outputs, inputs, rows, ldw, first, count);
}

static void quantize(uint8_t *q, size_t ldq, float *scale, int32_t *zero, const float *x,
                     size_t ldx, size_t rows, size_t inputs) {
  duri_int8_generic.quantize(q, ldq, scale, zero, x, ldx, rows, inputs);
}

static void norm_quantize(float *y, size_t ldy, uint8_t *q, size_t ldq, float *scale, int32_t *zero,
                          const float *x, size_t ldx, const float *gamma, const float *beta,
                          float eps, size_t rows, size_t n) {
  duri_int8_generic.norm_quantize(y, ldy, q, ldq, scale, zero, x, ldx, gamma, beta, eps, rows, n);
}

static void linear(const duri_int8_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_int8_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_int8_kernels duri_int8_amx_emulated = {
    .name = "amx-emulated",
    .pack = pack,
    .quantize = quantize,
    .norm_quantize = norm_quantize,
    .linear = linear,
};
