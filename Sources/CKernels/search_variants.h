// What the search variants share; not seen outside this target.
#pragma once

#include "CKernelsSearch.h"
#include "variants.h"

// A fused multiply-add happens where the text says fma, nowhere else: all variants round alike.
#pragma STDC FP_CONTRACT OFF

extern const duri_search_kernels duri_search_naive;

#if defined(__x86_64__)
extern const duri_search_kernels duri_search_avx2;
extern const duri_search_kernels duri_search_avx512;

#define DURI_SEARCH_AVX2 __attribute__((target("avx2,fma,popcnt")))
#define DURI_SEARCH_AVX512                                                                  \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vpopcntdq," \
                        "avx2,fma,popcnt")))

// search_*_avx512.c
void duri_search_dot_f32_avx512(float *scores, size_t lds, const float *queries, size_t count_q,
                                const float *rows, size_t count, size_t n);
void duri_search_dot_f32_at_avx512(float *scores, const float *query, const float *rows,
                                   const uint32_t *at, size_t count, size_t n);
void duri_search_dot_int8_avx512(float *scores, size_t lds, const int8_t *queries, size_t count_q,
                                 const int8_t *rows, const float *scales, size_t count,
                                 size_t padded);
void duri_search_dot_int8_at_avx512(float *scores, const int8_t *query, const int8_t *rows,
                                    const float *scales, const uint32_t *at, size_t count,
                                    size_t padded);
void duri_search_mismatch_avx512(uint16_t *scores, size_t lds, const uint64_t *queries,
                                 size_t count_q, const uint64_t *bits, size_t count, size_t words);
#endif
