// The tile registers (AMX, Sapphire Rapids and later).
#pragma once

#include <stdint.h>

// Shapes of the tiles: the memory operand of ldtilecfg.
typedef struct amx_shapes {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} amx_shapes;

#if defined(__x86_64__)
// Bits of CPUID leaf 7 (EDX): what the tiles can multiply.
enum { DURI_AMX_BF16 = 1 << 22, DURI_AMX_INT8 = 1 << 25 };

// Whether this CPU has tiles with this product and the system lets this process use them.
int duri_amx_granted(uint32_t product);
#endif
