#ifndef DURI_CZLIB_SHIM_H
#define DURI_CZLIB_SHIM_H

#include <zlib.h>

// inflateInit2 is a macro over the library's version and struct size, which Swift cannot import.
static inline int duri_inflate_init(z_streamp stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}

#endif
