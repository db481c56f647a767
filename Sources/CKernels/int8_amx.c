// Products for AMX.

#include "int8_variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AMX_TARGET                                                                           \
  __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define AMX_CONFIGURE(shapes) _tile_loadconfig(shapes)
#define AMX_RELEASE() _tile_release()
#define AMX_ZERO(t) _tile_zero(t)
#define AMX_LOAD(t, p, stride) _tile_loadd(t, p, stride)
#define AMX_STORE(t, p, stride) _tile_stored(t, p, stride)
#define AMX_MULTIPLY(c, a, b) _tile_dpbusd(c, a, b)
#define AMX_PRODUCT duri_int8_product
#define AMX_SUM int32_t
#define AMX_DEPTH(product) duri_int8_depth((product)->weights.inputs)
#define AMX_ROW(product, t) ((product)->q + (t) * (product)->ldq)
#define AMX_ROW_STRIDE(product) (product)->ldq
#define AMX_FETCH(p) _mm_prefetch(p, _MM_HINT_T0)
#define AMX_FINISH duri_int8_finish_avx512
#include "amx_body.h"

static void linear(const duri_int8_product *product, size_t row_begin, size_t row_end,
                   size_t output_begin, size_t output_end) {
  duri_int8_in_passes(pass, product, row_begin, row_end, output_begin, output_end);
}

const duri_int8_kernels duri_int8_amx = {
    .name = "amx",
    .pack = duri_int8_pack_avx2,
    .quantize = duri_int8_quantize_avx512,
    .norm_quantize = duri_int8_norm_quantize_avx512,
    .linear = linear,
};

#endif
