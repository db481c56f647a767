// The bfloat16 tile kernels with tiles in plain C, for tests. Never chosen.

#include "amx_emulated.h"
#include "bf16_variants.h"

// What is subnormal counts as zero.
static float flush(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static float multiply_add(uint16_t a, uint16_t b, float c) {
  return flush(fmaf(flush(duri_bf16_value(a)), flush(duri_bf16_value(b)), flush(c)));
}

static void emulated_multiply(size_t c, size_t a, size_t b) {
  const tile *left = &tiles[a], *right = &tiles[b];
  tile *sums = &tiles[c];
  const int fits = emulated_fits(c, a, b);
  for (size_t m = 0; m < 16; m++) {
    for (size_t n = 0; n < 16; n++) {
      float sum, part[2] = {0, 0};
      memcpy(&sum, &sums->bytes[m][4 * n], 4);
      if (!fits) sum = NAN;
      if (fits && m < sums->rows && 4 * n < sums->row_bytes) {
        for (size_t k = 0; k < right->rows; k++) {
          for (size_t i = 0; i < 2; i++) {
            uint16_t x, w;
            memcpy(&x, &left->bytes[m][4 * k + 2 * i], 2);
            memcpy(&w, &right->bytes[k][4 * n + 2 * i], 2);
            part[i] = multiply_add(x, w, part[i]);
          }
        }
        sum = flush(flush(sum) + flush(part[0] + part[1]));
      }
      memcpy(&sums->bytes[m][4 * n], &sum, 4);
    }
  }
}

#define AMX_MULTIPLY(c, a, b) emulated_multiply(c, a, b)
#define AMX_PRODUCT duri_bf16_product
#define AMX_SUM float
#define AMX_DEPTH(product) duri_bf16_depth((product)->weights.inputs)
#define AMX_ROW(product, t) ((product)->x + (t) * (product)->ldx)
#define AMX_ROW_STRIDE(product) ((product)->ldx * sizeof(uint16_t))
#define AMX_FINISH duri_bf16_finish_naive
#include "amx_body.h"

static void linear(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_bf16_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_bf16_kernels duri_bf16_amx_emulated = {
    .name = "amx-emulated",
    .round = duri_bf16_round_naive,
    .norm = duri_bf16_norm_naive,
    .linear = linear,
};
