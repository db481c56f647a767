// The only place that chooses among variants.

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "variants.h"

const duri_kernels *duri_kernels_named(const char *name) {
  if (name == NULL) return NULL;
  if (strcmp(name, "generic") == 0) return &duri_kernels_generic;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (strcmp(name, "avx2") == 0 && avx2) return &duri_kernels_avx2;
  const int avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl");
  if (strcmp(name, "avx512") == 0 && avx512) return &duri_kernels_avx512;
  const int bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  if (strcmp(name, "avx512bf16") == 0 && bf16) return &duri_kernels_avx512bf16;
#endif
  return NULL;
}

const duri_kernels *duri_kernels_best(void) {
  // Two threads may both choose; they choose the same.
  static _Atomic(const duri_kernels *) chosen = NULL;
  const duri_kernels *kernels = atomic_load(&chosen);
  if (kernels != NULL) return kernels;
  const char *const order[] = {
      getenv("DURI_KERNELS"), "avx512bf16", "avx512", "avx2", "generic",
  };
  for (size_t i = 0; kernels == NULL && i < sizeof order / sizeof order[0]; i++) {
    kernels = duri_kernels_named(order[i]);
  }
  atomic_store(&chosen, kernels);
  return kernels;
}
