/* Closing every file descriptor from one on, now or in a process to be spawned. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The layout of linux_dirent64, which getdents64(2) writes. */
struct entry {
    uint64_t inode;
    int64_t offset;
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

/* Call `visit` for each open descriptor from `from` on, until it fails; return its answer, -1 if nobody can tell
 * what is open. Allocates nothing: it may run between fork and exec. The visitor may close what it is given. */
static int visit_open(int from, int (*visit)(int fd, void *context), void *context)
{
    char buffer[1024] __attribute__((aligned(8)));
    long got = 0;
    int answer = 0;
    int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -1;
    while (!answer && (got = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < got && !answer; at += ((struct entry *)(buffer + at))->length) {
            int fd = number(((struct entry *)(buffer + at))->name);
            if (fd >= from && fd != directory)
                answer = visit(fd, context);
        }
    close(directory);
    return got < 0 ? -1 : answer;
}

static int limit(void)
{
    struct rlimit limits;
    if (getrlimit(RLIMIT_NOFILE, &limits) != 0 || limits.rlim_cur > INT_MAX)
        return INT_MAX;
    return limits.rlim_cur;
}

#ifdef POLYFILL_closefrom
static int close_one(int fd, void *context)
{
    (void)context;
    close(fd);
    return 0;
}

void closefrom(int from)
{
    if (from < 0)
        from = 0;
    if (syscall(SYS_close_range, from, ~0U, 0) == 0 || visit_open(from, close_one, NULL) == 0)
        return;
    for (int end = limit(); from < end; from++)
        close(from);
}
#endif

#ifdef POLYFILL_posix_spawn_file_actions_addclosefrom_np
/* Descriptors above the highest open one that are closed too: earlier actions may have opened them. */
#define MARGIN 64
/* Up to here every number is closed, beyond only those that are open now. */
#define DENSE 4096

/* A close action as every version of the C library lays it out: the tag 0, then the number. */
struct action {
    int tag;
    struct {
        int fd;
        const char *path;
        int flags;
        unsigned int mode;
    } open;
};

struct closing {
    posix_spawn_file_actions_t *actions;
    int highest;
    int dense_end;
    int end;
};

/* Add a close action. The C library takes no number from the process's limit on, though descriptors that were
 * opened before the limit was lowered stay open above it: for one of those, add the highest it takes and
 * change that in place, if the action is what it should be. */
static int add_close(struct closing *closing, int fd)
{
    int number = fd < closing->end ? fd : closing->end - 1;
    int failed = posix_spawn_file_actions_addclose(closing->actions, number);
    if (!failed && number != fd) {
        struct action *last = (struct action *)closing->actions->__actions + closing->actions->__used - 1;
        if (last->tag != 0 || last->open.fd != number)
            return EBADF;
        last->open.fd = fd;
    }
    return failed;
}

static int add_one(int fd, void *context)
{
    struct closing *closing = context;
    if (fd > closing->highest)
        closing->highest = fd;
    return fd < closing->dense_end ? 0 : add_close(closing, fd);
}

/* The C library of the floor knows no such action. It is spelled out as close actions; closing what is not
 * open by then is no error to it, as long as the number is below the limit. */
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
{
    int end = limit();
    struct closing closing = {actions, from - 1, end < DENSE ? end : DENSE, end};
    int failed;
    int fd;
    if (from < 0)
        return EBADF;
    failed = visit_open(from, add_one, &closing);
    for (fd = from; fd < closing.dense_end && fd <= closing.highest && !failed; fd++)
        failed = posix_spawn_file_actions_addclose(actions, fd);
    for (fd = closing.highest + 1; fd <= closing.highest + MARGIN && fd < end && !failed; fd++)
        failed = posix_spawn_file_actions_addclose(actions, fd);
    return failed < 0 ? ENOSYS : failed;
}
#endif
