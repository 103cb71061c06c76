/* What configure would find for liblzma on Windows with Clang: as on Linux, with threads and clocks from the system. */
#include "../../xz/config.h"
#undef MYTHREAD_POSIX
#define MYTHREAD_VISTA 1
#undef HAVE_CLOCK_GETTIME
#undef HAVE_CLOCK_MONOTONIC
#undef HAVE_PTHREAD_CONDATTR_SETCLOCK
#undef TUKLIB_CPUCORES_SCHED_GETAFFINITY
#undef TUKLIB_PHYSMEM_SYSCONF
