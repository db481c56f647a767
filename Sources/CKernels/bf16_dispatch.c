// The only place that chooses among the bfloat16 variants.

#include <stdatomic.h>
#include <stdlib.h>

#include "amx.h"
#include "bf16_variants.h"

#if defined(__x86_64__)
// Whether the kernels return the reference's bits for one small product of whole numbers, whose
// sums are exact in any order, with every kind of tail. Asked of instructions that cannot be tested
// on every machine.
static int agrees(const duri_bf16_kernels *kernels) {
  enum { ROWS = 41, INPUTS = 70, DEPTH = 96, OUTPUTS = 101, NEXT = 128 };
  _Alignas(64) uint16_t memory[112 * DEPTH], x[ROWS * DEPTH], next[2][ROWS * NEXT];
  float row[INPUTS], bias[OUTPUTS];
  uint32_t state = 1;
  for (size_t r = 0; r < OUTPUTS + ROWS; r++) {
    for (size_t i = 0; i < INPUTS; i++) {
      state = state * 1664525u + 1013904223u;
      row[i] = (float)(state >> 24) - 128;
    }
    if (r < OUTPUTS) {
      duri_bf16_pack(memory, OUTPUTS, INPUTS, row, INPUTS, r, 1);
      bias[r] = row[0];
    } else {
      duri_bf16_naive.round(x + (r - OUTPUTS) * DEPTH, DEPTH, row, INPUTS, 1, INPUTS);
    }
  }
  for (int i = 0; i < 2; i++) {
    const duri_bf16_product product = {
        .x = x, .ldx = DEPTH, .weights = duri_bf16_weights_in(memory, OUTPUTS, INPUTS),
        .bias = bias, .epilogue = DURI_BF16_RELU, .next = next[i], .ldn = NEXT,
    };
    (i == 0 ? &duri_bf16_naive : kernels)->linear(&product, 0, ROWS, 0, OUTPUTS);
    // Few rows take another way.
    (i == 0 ? &duri_bf16_naive : kernels)->linear(&product, 3, 10, 16, OUTPUTS);
  }
  return memcmp(next[0], next[1], sizeof next[0]) == 0;
}

static int amx_works(void) {
  // Two threads may both find out; they find the same.
  static atomic_int known = 0;  // 1: works, 2: does not
  int state = atomic_load(&known);
  if (state == 0) {
    state = duri_amx_granted(DURI_AMX_BF16) && agrees(&duri_bf16_amx) ? 1 : 2;
    atomic_store(&known, state);
  }
  return state == 1;
}
#endif

const duri_bf16_kernels *duri_bf16_kernels_named(const char *name) {
  if (name == NULL) return NULL;
  if (strcmp(name, "naive") == 0) return &duri_bf16_naive;
  if (strcmp(name, "amx-emulated") == 0) return &duri_bf16_amx_emulated;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (strcmp(name, "avx2") == 0 && avx2) return &duri_bf16_avx2;
  const int avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl");
  if (strcmp(name, "avx512") == 0 && avx512) return &duri_bf16_avx512;
  const int bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  if (strcmp(name, "avx512bf16") == 0 && bf16) return &duri_bf16_avx512bf16;
  if (strcmp(name, "amx") == 0 && bf16 && amx_works()) return &duri_bf16_amx;
#endif
  return NULL;
}

const duri_bf16_kernels *duri_bf16_kernels_best(void) {
  // Two threads may both choose; they choose the same.
  static _Atomic(const duri_bf16_kernels *) chosen = NULL;
  const duri_bf16_kernels *kernels = atomic_load(&chosen);
  if (kernels != NULL) return kernels;
  const char *const order[] = {
      getenv("DURI_BF16_KERNELS"), "amx", "avx512bf16", "avx512", "avx2", "naive",
  };
  for (size_t i = 0; kernels == NULL && i < sizeof order / sizeof order[0]; i++) {
    kernels = duri_bf16_kernels_named(order[i]);
  }
  atomic_store(&chosen, kernels);
  return kernels;
}
