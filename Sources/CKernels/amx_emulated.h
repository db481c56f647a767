// Tiles in plain C with the documented meaning of the instructions, so that the tile kernels can be
// tested on any machine. What an instruction would refuse (a tile that is not configured, shapes
// that do not match) shows as wrong sums. The including file adds the product, AMX_MULTIPLY.
//
// Source of the instructions' meaning: Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 2, LDTILECFG, TILELOADD, TILESTORED, TILEZERO, TDPBUSD, TDPBF16PS.
#pragma once

#include <stddef.h>
#include <string.h>

#include "amx.h"

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

static void emulated_configure(const amx_shapes *shapes) {
  memset(tiles, 0, sizeof tiles);
  if (shapes->palette != 1 || shapes->start_row != 0) return;
  for (size_t t = 0; t < 8; t++) {
    if (shapes->rows[t] > 16 || shapes->row_bytes[t] > 64) continue;
    tiles[t].rows = shapes->rows[t];
    tiles[t].row_bytes = shapes->row_bytes[t];
  }
}

// Whether a product of these tiles is one.
static int emulated_fits(size_t c, size_t a, size_t b) {
  return tiles[c].rows != 0 && tiles[c].rows == tiles[a].rows &&
         tiles[a].row_bytes == 4 * tiles[b].rows && tiles[c].row_bytes == tiles[b].row_bytes;
}

#define AMX_TARGET
#define AMX_CONFIGURE(shapes) emulated_configure(shapes)
#define AMX_RELEASE() emulated_release()
#define AMX_ZERO(t) emulated_zero(t)
#define AMX_LOAD(t, p, stride) emulated_load(t, p, stride)
#define AMX_STORE(t, p, stride) emulated_store(t, p, stride)
#define AMX_FETCH(p) (void)(p)
