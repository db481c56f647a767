// Products for AMX with bfloat16.

#include "bf16_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AMX_TARGET                                                                           \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define AMX_CONFIGURE(shapes) _tile_loadconfig(shapes)
#define AMX_RELEASE() _tile_release()
#define AMX_ZERO(t) _tile_zero(t)
#define AMX_LOAD(t, p, stride) _tile_loadd(t, p, stride)
#define AMX_STORE(t, p, stride) _tile_stored(t, p, stride)
#define AMX_MULTIPLY(c, a, b) _tile_dpbf16ps(c, a, b)
#define AMX_PRODUCT duri_bf16_product
#define AMX_SUM float
#define AMX_DEPTH(product) duri_bf16_depth((product)->weights.inputs)
#define AMX_ROW(product, t) ((product)->x + (t) * (product)->ldx)
#define AMX_ROW_STRIDE(product) ((product)->ldx * sizeof(uint16_t))
#define AMX_FETCH(p) _mm_prefetch(p, _MM_HINT_T0)
#define AMX_FINISH duri_bf16_finish_avx512bf16
#include "amx_body.h"

static void linear(const duri_bf16_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_bf16_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_bf16_kernels duri_bf16_amx = {
    .name = "amx",
    .round = duri_bf16_round_avx512bf16,
    .norm = duri_bf16_norm_avx512bf16,
    .linear = linear,
};

#endif
