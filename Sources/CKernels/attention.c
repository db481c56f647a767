// Attention of one head of one text: scores and contexts are matrix products over blocks of
// queries, so the scores of a long text need little memory. Rows of scores are independent: the
// block size changes no bit.

#include <math.h>
#include <stdint.h>

#include "CKernels.h"

// Queries whose scores are held at once.
enum { QUERY_BLOCK = 64 };

// Distance between rows of scratch: a multiple of 16 floats that is no multiple of 64, so that rows
// do not fall on the same cache sets.
static size_t row_stride(size_t n) {
  const size_t rounded = (n + 15) / 16 * 16;
  return rounded % 64 == 0 ? rounded + 16 : rounded;
}

size_t duri_attention_scratch(size_t n, size_t head_size) {
  const size_t limit = SIZE_MAX / sizeof(float) / 2;
  if (n > limit || head_size > limit) return 0;
  const size_t rows = head_size + QUERY_BLOCK;
  const size_t stride = row_stride(n);
  return rows > limit / stride ? 0 : rows * stride;
}

// out[j][i] = in[i][j]: in (n, d), out (d, n). Blocks of 16 rows keep the reads in the first-level
// cache.
static void transpose(float *out, size_t ldo, const float *in, size_t ldi, size_t n, size_t d) {
  for (size_t i0 = 0; i0 < n; i0 += 16) {
    const size_t i1 = n - i0 < 16 ? n : i0 + 16;
    for (size_t j = 0; j < d; j++) {
      for (size_t i = i0; i < i1; i++) out[j * ldo + i] = in[i * ldi + j];
    }
  }
}

void duri_attention(const duri_kernels *kernels, float *out, size_t ldo, const float *qkv,
                    size_t ldqkv, size_t n, size_t heads, size_t head_size, size_t head,
                    size_t first, size_t count, float *scratch) {
  const size_t hidden = heads * head_size, stride = row_stride(n);
  const float scale = (float)(1 / sqrt((double)head_size));
  float *keys = scratch;                         // (D, n): the head's keys, transposed
  float *scores = scratch + head_size * stride;  // (QUERY_BLOCK, n)
  const float *q = qkv + head * head_size, *k = q + hidden, *v = k + hidden;  // (n, D) each
  transpose(keys, stride, k, ldqkv, n, head_size);
  for (size_t i = first; i < first + count; i += QUERY_BLOCK) {
    const size_t rest = first + count - i, rows = rest < QUERY_BLOCK ? rest : QUERY_BLOCK;
    kernels->matmul(scores, stride, q + i * ldqkv, ldqkv, keys, stride, rows, n, head_size);
    kernels->softmax(scores, stride, rows, n, scale);
    kernels->matmul(out + i * ldo + head * head_size, ldo, scores, stride, v, ldqkv, rows,
                    head_size, n);
  }
}
