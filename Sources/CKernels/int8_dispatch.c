// The only place that chooses among the int8 variants.

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "amx.h"
#include "int8_variants.h"

#if defined(__x86_64__)
// Whether the kernels return the reference's bits for one small product that has every kind of
// tail. Asked of instructions that cannot be tested on every machine.
static int agrees(const duri_int8_kernels *kernels) {
  enum { ROWS = 41, INPUTS = 130, DEPTH = 192, OUTPUTS = 37, BYTES = 48 * (DEPTH + 8) };
  const duri_int8_kernels *reference = &duri_int8_generic;
  _Alignas(64) int8_t memory[BYTES];
  _Alignas(64) uint8_t q[ROWS * DEPTH];
  float row[INPUTS], bias[OUTPUTS] = {0}, scale[ROWS], y[2][ROWS * OUTPUTS];
  int32_t zero[ROWS];
  uint32_t state = 1;
  for (size_t r = 0; r < OUTPUTS + ROWS; r++) {
    for (size_t i = 0; i < INPUTS; i++) {
      state = state * 1664525u + 1013904223u;
      row[i] = (float)(state >> 8) / (1 << 23) - 1;
    }
    if (r < OUTPUTS) {
      reference->pack(memory, OUTPUTS, INPUTS, row, INPUTS, r, 1);
    } else {
      const size_t t = r - OUTPUTS;
      reference->quantize(q + t * DEPTH, DEPTH, scale + t, zero + t, row, INPUTS, 1, INPUTS);
    }
  }
  for (int i = 0; i < 2; i++) {
    const duri_int8_product product = {
        .y = y[i], .ldy = OUTPUTS, .q = q, .ldq = DEPTH, .scale = scale, .zero = zero,
        .weights = duri_int8_weights_in(memory, OUTPUTS, INPUTS), .bias = bias,
        .epilogue = DURI_INT8_BIAS,
    };
    (i == 0 ? reference : kernels)->linear(&product, 0, ROWS, 0, OUTPUTS);
  }
  return memcmp(y[0], y[1], sizeof y[0]) == 0;
}

static int amx_works(void) {
  // Two threads may both find out; they find the same.
  static atomic_int known = 0;  // 1: works, 2: does not
  int state = atomic_load(&known);
  if (state == 0) {
    state = duri_amx_granted(DURI_AMX_INT8) && agrees(&duri_int8_amx) ? 1 : 2;
    atomic_store(&known, state);
  }
  return state == 1;
}
#endif

const duri_int8_kernels *duri_int8_kernels_named(const char *name) {
  if (name == NULL) return NULL;
  if (strcmp(name, "generic") == 0) return &duri_int8_generic;
  if (strcmp(name, "amx-emulated") == 0) return &duri_int8_amx_emulated;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (strcmp(name, "avx2") == 0 && avx2) return &duri_int8_avx2;
  const int avxvnni = avx2 && __builtin_cpu_supports("avxvnni");
  if (strcmp(name, "avxvnni") == 0 && avxvnni) return &duri_int8_avxvnni;
  const int avx512vnni = avx2 && __builtin_cpu_supports("avx512f") &&
                         __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                         __builtin_cpu_supports("avx512vnni");
  if (strcmp(name, "avx512vnni") == 0 && avx512vnni) return &duri_int8_avx512vnni;
  if (strcmp(name, "amx") == 0 && avx512vnni && amx_works()) return &duri_int8_amx;
#endif
  return NULL;
}

const duri_int8_kernels *duri_int8_kernels_best(void) {
  // Two threads may both choose; they choose the same.
  static _Atomic(const duri_int8_kernels *) chosen = NULL;
  const duri_int8_kernels *kernels = atomic_load(&chosen);
  if (kernels != NULL) return kernels;
  const char *const order[] = {
      getenv("DURI_INT8_KERNELS"), "amx", "avx512vnni", "avxvnni", "avx2", "generic",
  };
  for (size_t i = 0; kernels == NULL && i < sizeof order / sizeof order[0]; i++) {
    kernels = duri_int8_kernels_named(order[i]);
  }
  atomic_store(&chosen, kernels);
  return kernels;
}
