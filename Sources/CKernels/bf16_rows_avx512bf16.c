// Rounding, layer norm and the epilogue for AVX-512 with bfloat16.

#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define BF16_TARGET DURI_AVX512BF16
#define BF16_ROUND(v) ((__m256i)_mm512_cvtneps_pbh(v))
#define BF16_NAME(name) duri_bf16_##name##_avx512bf16
#include "bf16_rows_avx512_body.h"

#endif
