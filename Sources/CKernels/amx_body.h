// Products by tiles (AMX), in 8 bits and in bfloat16: a tile holds rows of 16 groups of four bytes,
// be that 4 or 2 inputs. Included with the instructions and with their documented meaning in plain
// C (amx_emulated.h). The including file defines
//   AMX_TARGET               function attribute
//   AMX_CONFIGURE(shapes)    ldtilecfg: shapes of the 8 tiles, contents 0
//   AMX_RELEASE()            tilerelease
//   AMX_ZERO(t)              tile t = 0
//   AMX_LOAD(t, p, stride)   tile t = rows of up to 64 bytes, `stride` bytes apart
//   AMX_STORE(t, p, stride)
//   AMX_MULTIPLY(c, a, b)    tdpbusd: c[m][n] += sum of a[m][4k + i] * b[k][4n + i] over k and i;
//                            tdpbf16ps: the same with 2 inputs a group
//   AMX_PRODUCT, AMX_SUM     type of a product, of a sum (4 bytes)
//   AMX_DEPTH(product)       bytes of a row, a multiple of 64
//   AMX_ROW(product, t)      row t, AMX_ROW_STRIDE(product) bytes apart
//   AMX_FETCH(p)             asks for a cache line
//   AMX_FINISH(...)          the epilogue
// and gets `pass`.
//
// A tile of rows is up to 16 rows by 64 bytes where they lie; a tile of weights is 16 groups of a
// block: 1 KiB in one run. More than 16 rows: 2 tiles of rows times 2 blocks of outputs. Fewer: 1
// tile of rows times 4 blocks, so that four sums are always under way (a product takes 52 cycles,
// but one can start every 16).

#include "amx.h"
#include "variants.h"

// Tiles 0...3 are sums, 4 and up are operands.
AMX_TARGET static void configure(const uint8_t rows[8]) {
  _Alignas(64) amx_shapes shapes = {.palette = 1};
  for (size_t t = 0; t < 8; t++) {
    shapes.row_bytes[t] = 64;
    shapes.rows[t] = rows[t];
  }
  AMX_CONFIGURE(&shapes);
}

// Asks for the weights that `blocks` blocks need at input i + ahead; behind the end of these blocks
// lie the next ones. (The step over the end costs nothing if there are none.)
AMX_TARGET static void fetch(const int8_t *w, size_t blocks, size_t block, size_t i) {
  const size_t ahead = block < DURI_AHEAD ? block : DURI_AHEAD;
  size_t from = i * 16 + ahead;
  if (from >= block) from += (blocks - 1) * block;
  for (size_t b = 0; b < blocks; b++) {
    for (size_t line = 0; line < 1024; line += 64) AMX_FETCH(w + b * block + from + line);
  }
}

// c (16 or fewer, 64): sums of rows q and of 4 blocks of weights. first: nobody has read these
// weights yet.
AMX_TARGET static void one_by_four(AMX_SUM *c, const uint8_t *q, size_t ldq, const int8_t *w,
                                   size_t depth, int first) {
  const size_t block = depth * 16;
  AMX_ZERO(0);
  AMX_ZERO(1);
  AMX_ZERO(2);
  AMX_ZERO(3);
  for (size_t i = 0; i < depth; i += 64) {
    const int8_t *w_i = w + i * 16;
    if (first) fetch(w, 4, block, i);
    AMX_LOAD(4, q + i, ldq);
    AMX_LOAD(5, w_i, 64);
    AMX_MULTIPLY(0, 4, 5);
    AMX_LOAD(6, w_i + block, 64);
    AMX_MULTIPLY(1, 4, 6);
    AMX_LOAD(7, w_i + 2 * block, 64);
    AMX_MULTIPLY(2, 4, 7);
    AMX_LOAD(5, w_i + 3 * block, 64);
    AMX_MULTIPLY(3, 4, 5);
  }
  AMX_STORE(0, c, 256);
  AMX_STORE(1, c + 16, 256);
  AMX_STORE(2, c + 32, 256);
  AMX_STORE(3, c + 48, 256);
}

// c (16 or fewer, 64), of which 16 columns are set: sums of rows q and of one block of weights.
AMX_TARGET static void one_by_one(AMX_SUM *c, const uint8_t *q, size_t ldq, const int8_t *w,
                                  size_t depth) {
  AMX_ZERO(0);
  for (size_t i = 0; i < depth; i += 64) {
    AMX_LOAD(4, q + i, ldq);
    AMX_LOAD(5, w + i * 16, 64);
    AMX_MULTIPLY(0, 4, 5);
  }
  AMX_STORE(0, c, 256);
}

// c (top + bottom, 32): sums of top + bottom rows q and of 2 blocks of weights.
AMX_TARGET static void two_by_two(AMX_SUM *c, const uint8_t *q, size_t ldq, size_t top,
                                  const int8_t *w, size_t depth, int first) {
  const size_t block = depth * 16;
  const uint8_t *q_bottom = q + top * ldq;
  AMX_ZERO(0);
  AMX_ZERO(1);
  AMX_ZERO(2);
  AMX_ZERO(3);
  for (size_t i = 0; i < depth; i += 64) {
    const int8_t *w_i = w + i * 16;
    if (first) fetch(w, 2, block, i);
    AMX_LOAD(6, w_i, 64);
    AMX_LOAD(4, q + i, ldq);
    AMX_MULTIPLY(0, 4, 6);
    AMX_LOAD(7, w_i + block, 64);
    AMX_MULTIPLY(1, 4, 7);
    AMX_LOAD(5, q_bottom + i, ldq);
    AMX_MULTIPLY(2, 5, 6);
    AMX_MULTIPLY(3, 5, 7);
  }
  AMX_STORE(0, c, 128);
  AMX_STORE(1, c + 16, 128);
  AMX_STORE(2, c + top * 32, 128);
  AMX_STORE(3, c + top * 32 + 16, 128);
}

// c (top + bottom, 32), of which 16 columns are set: sums of the rows and of one block of weights.
AMX_TARGET static void two_by_one(AMX_SUM *c, const uint8_t *q, size_t ldq, size_t top,
                                  const int8_t *w, size_t depth) {
  const uint8_t *q_bottom = q + top * ldq;
  AMX_ZERO(0);
  AMX_ZERO(2);
  for (size_t i = 0; i < depth; i += 64) {
    AMX_LOAD(6, w + i * 16, 64);
    AMX_LOAD(4, q + i, ldq);
    AMX_MULTIPLY(0, 4, 6);
    AMX_LOAD(5, q_bottom + i, ldq);
    AMX_MULTIPLY(2, 5, 6);
  }
  AMX_STORE(0, c, 128);
  AMX_STORE(2, c + top * 32, 128);
}

// Up to 16 rows and 64 outputs.
AMX_TARGET static void short_step(const AMX_PRODUCT *product, AMX_SUM *c, size_t t,
                                  size_t rows, size_t o, size_t outputs, int first) {
  const size_t depth = AMX_DEPTH(product), stride = AMX_ROW_STRIDE(product);
  const uint8_t *q = (const uint8_t *)AMX_ROW(product, t);
  const int8_t *w = (const int8_t *)product->weights.packed + o * depth;
  if (outputs > 48) {
    one_by_four(c, q, stride, w, depth, first);
  } else {
    for (size_t j = 0; j < outputs; j += 16) {
      one_by_one(c + j, q, stride, w + j * depth, depth);
    }
  }
  AMX_FINISH(product, c, 64, t, rows, o, outputs);
}

// 17 to 32 rows, the first `top` in the upper tiles, and 64 outputs.
AMX_TARGET static void tall_step(const AMX_PRODUCT *product, AMX_SUM *c, size_t t,
                                 size_t rows, size_t top, size_t o, size_t outputs, int first) {
  const size_t depth = AMX_DEPTH(product), stride = AMX_ROW_STRIDE(product);
  const uint8_t *q = (const uint8_t *)AMX_ROW(product, t);
  for (size_t j = 0; j < outputs; j += 32) {
    const size_t width = outputs - j < 32 ? outputs - j : 32;
    const int8_t *w = (const int8_t *)product->weights.packed + (o + j) * depth;
    if (width > 16) {
      two_by_two(c, q, stride, top, w, depth, first);
    } else {
      two_by_one(c, q, stride, top, w, depth);
    }
    AMX_FINISH(product, c, 32, t, rows, o + j, width);
  }
}

AMX_TARGET static void pass(const AMX_PRODUCT *product, size_t row_begin, size_t row_end,
                            size_t output_begin, size_t output_end) {
  _Alignas(64) AMX_SUM c[32 * 32];
  // Steps of up to 32 rows. Every step of a full 32 has the same shapes; a rest has its own.
  size_t configured = 0;  // Rows the tiles are configured for.
  for (size_t o = output_begin; o < output_end; o += 64) {
    const size_t outputs = output_end - o < 64 ? output_end - o : 64;
    for (size_t t = row_begin; t < row_end; t += 32) {
      const size_t rows = row_end - t < 32 ? row_end - t : 32;
      const uint8_t top = (uint8_t)(rows > 16 ? (rows + 1) / 2 : rows);
      const uint8_t bottom = (uint8_t)(rows - top);
      if (rows != configured) {
        if (rows > 16) {
          configure((const uint8_t[8]){top, top, bottom, bottom, top, bottom, 16, 16});
        } else {
          configure((const uint8_t[8]){top, top, top, top, top, 16, 16, 16});
        }
        configured = rows;
      }
      if (rows > 16) {
        tall_step(product, c, t, rows, top, o, outputs, t == row_begin);
      } else {
        short_step(product, c, t, rows, o, outputs, t == row_begin);
      }
    }
  }
  if (configured != 0) AMX_RELEASE();
}
