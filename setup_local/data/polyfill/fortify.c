/* Checks that code compiled with _FORTIFY_SOURCE calls. */

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/select.h>

extern void __chk_fail(void) __attribute__((noreturn));

#if defined POLYFILL___fdelt_chk || defined POLYFILL___fdelt_warn
#ifdef POLYFILL___fdelt_chk
#define NAME __fdelt_chk
#else
#define NAME __fdelt_warn
#endif
long NAME(long fd);
long NAME(long fd)
{
    if (fd < 0 || fd >= FD_SETSIZE)
        __chk_fail();
    return fd / __NFDBITS;
}
#endif

#ifdef POLYFILL___poll_chk
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
    if (size / sizeof *fds < count)
        __chk_fail();
    return poll(fds, count, timeout);
}
#endif

#ifdef POLYFILL___ppoll_chk
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
    if (size / sizeof *fds < count)
        __chk_fail();
    return ppoll(fds, count, timeout, mask);
}
#endif

#ifdef POLYFILL___explicit_bzero_chk
void __explicit_bzero_chk(void *buffer, size_t length, size_t size);
void __explicit_bzero_chk(void *buffer, size_t length, size_t size)
{
    if (size < length)
        __chk_fail();
    memset(buffer, 0, length);
    __asm__ volatile("" : : "r"(buffer) : "memory");  /* the compiler may not drop the store */
}
#endif
