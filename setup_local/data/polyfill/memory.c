/* Strings and memory. */

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef POLYFILL_aligned_alloc
void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}
#endif

#ifdef POLYFILL___wrap_memcpy
/* Since 2.14 there are two memcpy: the old one, for programs that were linked before, copies in a way that even those survive which
   copy between overlapping places; it does not use what newer processors can. memmove has been one and the same function all the time.
   Not `restrict`: the compiler would make a memcpy of it again. */
void *__wrap_memcpy(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}
#endif

#ifdef POLYFILL_explicit_bzero
void explicit_bzero(void *buffer, size_t length)
{
    memset(buffer, 0, length);
    __asm__ volatile("" : : "r"(buffer) : "memory");  /* the compiler may not drop the store */
}
#endif

#ifdef POLYFILL_reallocarray
void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, bytes);
}
#endif

#ifdef POLYFILL_strlcpy
size_t strlcpy(char *restrict to, const char *restrict from, size_t size)
{
    size_t length = strlen(from);
    if (size) {
        size_t copied = length < size ? length : size - 1;
        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}
#endif

#ifdef POLYFILL_strlcat
size_t strlcat(char *restrict to, const char *restrict from, size_t size)
{
    size_t used = strnlen(to, size);
    size_t length = strlen(from);
    if (used < size) {
        size_t room = size - used - 1;
        size_t copied = length < room ? length : room;
        memcpy(to + used, from, copied);
        to[used + copied] = '\0';
    }
    return used + length;
}
#endif

#ifdef POLYFILL_timespec_get
int timespec_get(struct timespec *time, int base)
{
    if (base != TIME_UTC || syscall(SYS_clock_gettime, CLOCK_REALTIME, time) != 0)
        return 0;
    return base;
}
#endif
