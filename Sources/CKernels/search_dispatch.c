// The only place that chooses among the search variants.

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "search_variants.h"

const duri_search_kernels *duri_search_kernels_named(const char *name) {
  if (name == NULL) return NULL;
  if (strcmp(name, "naive") == 0) return &duri_search_naive;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("popcnt");
  if (strcmp(name, "avx2") == 0 && avx2) return &duri_search_avx2;
  const int avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni") &&
                     __builtin_cpu_supports("avx512vpopcntdq");
  if (strcmp(name, "avx512") == 0 && avx512) return &duri_search_avx512;
#endif
  return NULL;
}

const duri_search_kernels *duri_search_kernels_best(void) {
  // Two threads may both choose; they choose the same.
  static _Atomic(const duri_search_kernels *) chosen = NULL;
  const duri_search_kernels *kernels = atomic_load(&chosen);
  if (kernels != NULL) return kernels;
  const char *const order[] = {getenv("DURI_SEARCH_KERNELS"), "avx512", "avx2", "naive"};
  for (size_t i = 0; kernels == NULL && i < sizeof order / sizeof order[0]; i++) {
    kernels = duri_search_kernels_named(order[i]);
  }
  atomic_store(&chosen, kernels);
  return kernels;
}
