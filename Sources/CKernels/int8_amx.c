// Products for AMX (Sapphire Rapids and later), and the system's leave to use its registers.

#include "int8_variants.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define AMX_TARGET                                                                           \
  __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define AMX_CONFIGURE(shapes) _tile_loadconfig(shapes)
#define AMX_RELEASE() _tile_release()
#define AMX_ZERO(t) _tile_zero(t)
#define AMX_LOAD(t, p, stride) _tile_loadd(t, p, stride)
#define AMX_STORE(t, p, stride) _tile_stored(t, p, stride)
#define AMX_MULTIPLY(c, a, b) _tile_dpbusd(c, a, b)
#define AMX_FETCH(p) _mm_prefetch(p, _MM_HINT_T0)
#define AMX_FINISH duri_int8_finish_avx512
#include "int8_amx_body.h"

const duri_int8_kernels duri_int8_amx = {
    .name = "amx",
    .pack = duri_int8_pack_avx2,
    .quantize = duri_int8_quantize_avx512,
    .norm_quantize = duri_int8_norm_quantize_avx512,
    .linear = linear,
};

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

// The tile registers are 8 KiB of state per thread: Linux (5.16 and later) gives them only to
// processes that ask, and the leave holds for all threads.
static int request_tiles(void) {
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
#else
static int request_tiles(void) { return 0; }
#endif

int duri_int8_amx_granted(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  const uint32_t tiles = 1u << 24, int8 = 1u << 25;
  if ((d & tiles) == 0 || (d & int8) == 0) return 0;
  return request_tiles();
}

#endif
