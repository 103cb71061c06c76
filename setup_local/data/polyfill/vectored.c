/* Vectored reading and writing with flags. Where the kernel lacks the calls, what needs no flag still works. */

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined POLYFILL_preadv2 || defined POLYFILL_preadv64v2
#ifdef POLYFILL_preadv2
#define NAME preadv2
#else
#define NAME preadv64v2
#endif
ssize_t NAME(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    ssize_t done = syscall(SYS_preadv2, fd, parts, count, offset, 0L, flags);
    if (done >= 0 || errno != ENOSYS)
        return done;
    if (flags) {
        errno = ENOTSUP;
        return -1;
    }
    return offset == -1 ? readv(fd, parts, count) : preadv(fd, parts, count, offset);
}
#endif

#if defined POLYFILL_pwritev2 || defined POLYFILL_pwritev64v2
#ifdef POLYFILL_pwritev2
#define NAME pwritev2
#else
#define NAME pwritev64v2
#endif
ssize_t NAME(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    ssize_t done = syscall(SYS_pwritev2, fd, parts, count, offset, 0L, flags);
    if (done >= 0 || errno != ENOSYS)
        return done;
    if (flags) {
        errno = ENOTSUP;
        return -1;
    }
    return offset == -1 ? writev(fd, parts, count) : pwritev(fd, parts, count, offset);
}
#endif
