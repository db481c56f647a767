#ifndef DURI_CNGHTTP2_SHIM_H
#define DURI_CNGHTTP2_SHIM_H

// nghttp2_option_set_max_continuations is younger than 1.52; Debian 12 carries it in its
// 1.52.0-1+deb12u packages, with the fix for CVE-2024-28182.
#include <nghttp2/nghttp2.h>

#endif
