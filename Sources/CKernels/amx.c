// The system's leave to use the tile registers.

#include "amx.h"

#if defined(__x86_64__)
#include <cpuid.h>

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

int duri_amx_granted(uint32_t product) {
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  const uint32_t tiles = 1u << 24;
  if ((d & tiles) == 0 || (d & product) == 0) return 0;
  return request_tiles();
}

#endif
