/* What the process was started with, and entropy. */

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef POLYFILL_getauxval
/* The vector is read from /proc on each call: callers ask once, at their start. */
unsigned long getauxval(unsigned long type)
{
    ElfW(auxv_t) entry;
    unsigned long value = 0;
    int found = 0;
    int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        while (!found && read(fd, &entry, sizeof entry) == sizeof entry && entry.a_type != AT_NULL) {
            found = entry.a_type == type;
            value = entry.a_un.a_val;
        }
        close(fd);
    }
    if (found)
        return value;
    errno = ENOENT;
    return 0;
}
#endif

#ifdef POLYFILL_secure_getenv
extern char *__secure_getenv(const char *name);

/* The C library had it under this name before it was public, and still answers to it. */
char *secure_getenv(const char *name)
{
    return __secure_getenv(name);
}
#endif

#ifdef POLYFILL_getentropy
int getentropy(void *buffer, size_t length)
{
    char *at = buffer;
    if (length > 256) {
        errno = EIO;
        return -1;
    }
    while (length) {
        long got = syscall(SYS_getrandom, at, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        at += got;
        length -= got;
    }
    return 0;
}
#endif
