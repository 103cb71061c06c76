/* Vectored reading and writing with flags. Where the kernel lacks the calls, what needs no flag still works.
 *
 * Positions are passed in two halves; of these, 64-bit kernels look at the first alone, which holds all of it. */

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined POLYFILL_preadv2 || defined POLYFILL_preadv64v2
#ifdef POLYFILL_preadv2
#define NAME preadv2
#define PLAIN preadv
#define POSITION off_t
#else
#define NAME preadv64v2
#define PLAIN preadv64
#define POSITION off64_t
#endif
ssize_t NAME(int fd, const struct iovec *parts, int count, POSITION offset, int flags)
{
    ssize_t done = syscall(SYS_preadv2, fd, parts, count, (long)offset, (long)((int64_t)offset >> 32), flags);
    if (done >= 0 || errno != ENOSYS)
        return done;
    if (flags) {
        errno = ENOTSUP;
        return -1;
    }
    return offset == -1 ? readv(fd, parts, count) : PLAIN(fd, parts, count, offset);
}
#endif

#if defined POLYFILL_pwritev2 || defined POLYFILL_pwritev64v2
#ifdef POLYFILL_pwritev2
#define NAME pwritev2
#define PLAIN pwritev
#define POSITION off_t
#else
#define NAME pwritev64v2
#define PLAIN pwritev64
#define POSITION off64_t
#endif
ssize_t NAME(int fd, const struct iovec *parts, int count, POSITION offset, int flags)
{
    ssize_t done = syscall(SYS_pwritev2, fd, parts, count, (long)offset, (long)((int64_t)offset >> 32), flags);
    if (done >= 0 || errno != ENOSYS)
        return done;
    if (flags) {
        errno = ENOTSUP;
        return -1;
    }
    return offset == -1 ? writev(fd, parts, count) : PLAIN(fd, parts, count, offset);
}
#endif
