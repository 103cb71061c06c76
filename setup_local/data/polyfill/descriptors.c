/* Closing every file descriptor from one on, now or in a process to be spawned. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The layout of linux_dirent64, which getdents64(2) writes. */
struct entry {
    unsigned long inode;
    long offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Return the number a name in /proc/self/fd stands for, -1 for "." and "..". */
static int number(const char *name)
{
    int value = 0;
    for (; *name; name++) {
        if (*name < '0' || *name > '9')
            return -1;
        value = value * 10 + (*name - '0');
    }
    return value;
}

/* Find the lowest open descriptor from `from` on, INT_MAX if there is none, -1 if nobody can tell.
 * Allocates nothing: it may run between fork and exec. */
static int next_open(int from)
{
    char buffer[1024] __attribute__((aligned(8)));
    int lowest = INT_MAX;
    long got;
    int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -1;
    while ((got = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < got; at += ((struct entry *)(buffer + at))->length) {
            int fd = number(((struct entry *)(buffer + at))->name);
            if (fd >= from && fd != directory && fd < lowest)
                lowest = fd;
        }
    close(directory);
    return got < 0 ? -1 : lowest;
}

static int limit(void)
{
    struct rlimit limits;
    if (getrlimit(RLIMIT_NOFILE, &limits) != 0 || limits.rlim_cur > INT_MAX)
        return INT_MAX;
    return limits.rlim_cur;
}

#ifdef POLYFILL_closefrom
void closefrom(int from)
{
    int fd;
    if (from < 0)
        from = 0;
    if (syscall(SYS_close_range, from, ~0U, 0) == 0)
        return;
    while ((fd = next_open(from)) >= 0 && fd != INT_MAX) {
        close(fd);
        from = fd + 1;
    }
    if (fd < 0)
        for (int end = limit(); from < end; from++)
            close(from);
}
#endif

#ifdef POLYFILL_posix_spawn_file_actions_addclosefrom_np
/* Descriptors above the highest open one that are closed too: earlier actions may have opened them. */
#define MARGIN 64

/* The C library of the floor knows no such action. It is spelled out as one close action for each
 * descriptor that is open now; closing one that is not open by then is no error to it. */
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
{
    int end = limit();
    int last = from;
    int fd;
    for (fd = next_open(from); fd >= 0 && fd < end; fd = next_open(last)) {
        int failed = posix_spawn_file_actions_addclose(actions, fd);
        if (failed)
            return failed;
        last = fd + 1;
    }
    if (fd < 0)
        return ENOSYS;
    for (fd = last; fd < last + MARGIN && fd < end; fd++) {
        int failed = posix_spawn_file_actions_addclose(actions, fd);
        if (failed)
            return failed;
    }
    return 0;
}
#endif
