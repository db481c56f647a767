// The tile kernels with tiles in plain C, so that they can be tested on any machine. Never chosen.
// What an instruction would refuse (a tile that is not configured, shapes that do not match) shows
// as wrong sums.
//
// Source of the instructions' meaning: Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 2, LDTILECFG, TILELOADD, TILESTORED, TILEZERO, TDPBUSD.

#include <string.h>

#include "int8_variants.h"

struct amx_shapes;

typedef struct tile {
  size_t rows, row_bytes;
  uint8_t bytes[16][64];
} tile;

static _Thread_local tile tiles[8];

static void emulated_release(void) { memset(tiles, 0, sizeof tiles); }

static void emulated_zero(size_t t) { memset(tiles[t].bytes, 0, sizeof tiles[t].bytes); }

static void emulated_load(size_t t, const void *p, size_t stride) {
  const uint8_t *from = p;
  emulated_zero(t);
  for (size_t r = 0; r < tiles[t].rows; r++) {
    memcpy(tiles[t].bytes[r], from + r * stride, tiles[t].row_bytes);
  }
}

static void emulated_store(size_t t, void *p, size_t stride) {
  uint8_t *to = p;
  for (size_t r = 0; r < tiles[t].rows; r++) {
    memcpy(to + r * stride, tiles[t].bytes[r], tiles[t].row_bytes);
  }
}

static void emulated_multiply(size_t c, size_t a, size_t b) {
  const tile *left = &tiles[a], *right = &tiles[b];
  tile *sums = &tiles[c];
  const int fits = sums->rows != 0 && sums->rows == left->rows &&
                   left->row_bytes == 4 * right->rows && sums->row_bytes == right->row_bytes;
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

#define AMX_TARGET
#define AMX_CONFIGURE(shapes) emulated_configure(shapes)
#define AMX_RELEASE() emulated_release()
#define AMX_ZERO(t) emulated_zero(t)
#define AMX_LOAD(t, p, stride) emulated_load(t, p, stride)
#define AMX_STORE(t, p, stride) emulated_store(t, p, stride)
#define AMX_MULTIPLY(c, a, b) emulated_multiply(c, a, b)
#define AMX_FETCH(p) (void)(p)
#define AMX_FINISH duri_int8_finish
static void emulated_configure(const struct amx_shapes *shapes);
#include "int8_amx_body.h"

static void emulated_configure(const amx_shapes *shapes) {
  memset(tiles, 0, sizeof tiles);
  if (shapes->palette != 1 || shapes->start_row != 0) return;
  for (size_t t = 0; t < 8; t++) {
    if (shapes->rows[t] > 16 || shapes->row_bytes[t] > 64) continue;
    tiles[t].rows = shapes->rows[t];
    tiles[t].row_bytes = shapes->row_bytes[t];
  }
}

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

const duri_int8_kernels duri_int8_amx_emulated = {
    .name = "amx-emulated",
    .pack = pack,
    .quantize = quantize,
    .norm_quantize = norm_quantize,
    .linear = linear,
};
