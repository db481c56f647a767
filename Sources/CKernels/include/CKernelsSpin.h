// What a thread does between two looks at a value that another thread is about to change.
#pragma once

#include <sched.h>
#include <time.h>

// Some ten nanoseconds in which a core computes nothing and leaves its resources to its twin.
static inline void duri_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

// Lets any other thread that is ready run first.
static inline void duri_yield(void) { sched_yield(); }

// Sleeps for some 50 microseconds.
static inline void duri_nap(void) {
  const struct timespec time = {0, 50000};
  nanosleep(&time, 0);
}
