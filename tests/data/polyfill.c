/* Uses the polyfill's functions; with the argument "old", the kernel lacks the system calls (seccomp denies them). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int failures;

#define CHECK(condition) \
    do { \
        errno = 0; \
        if (!(condition)) { \
            printf("line %d: %s (errno %d)\n", __LINE__, #condition, errno); \
            failures++; \
        } \
    } while (0)

static void forget_calls(void)
{
    static const int missing[] = {SYS_getrandom, SYS_memfd_create, SYS_copy_file_range, SYS_preadv2,
                                  SYS_pwritev2,  SYS_close_range,  SYS_epoll_pwait2,    SYS_pidfd_open,
                                  SYS_statx,     SYS_setns};
    struct sock_filter code[64];
    unsigned short n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, missing[i], 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, code};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static int is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Count the descriptors from 3 on that are open in a spawned process although all of them should be closed; some are
 * above a limit that was lowered after they were opened. */
static int left_open_in_child(rlim_t limit)
{
    struct rlimit old, lowered;
    char *argv[] = {"/proc/self/exe", "count", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;
    dup2(0, 200);
    dup2(0, 20);
    getrlimit(RLIMIT_NOFILE, &old);
    lowered = old;
    lowered.rlim_cur = limit < old.rlim_cur ? limit : old.rlim_cur;
    posix_spawn_file_actions_init(&actions);
    if (limit > 203)
        posix_spawn_file_actions_adddup2(&actions, 0, 203);
    setrlimit(RLIMIT_NOFILE, &lowered);
    if (posix_spawn_file_actions_addclosefrom_np(&actions, 3) != 0)
        return -2;
    if (posix_spawn(&child, "/proc/self/exe", &actions, NULL, argv, environ) != 0)
        return -3;
    waitpid(child, &status, 0);
    setrlimit(RLIMIT_NOFILE, &old);
    close(200);
    close(20);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -4;
}

static void check_everywhere(void)
{
    char text[8];
    struct iovec part = {text, 4};
    struct timespec now;
    int fd;

    CHECK(getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE));
    CHECK(getauxval(999) == 0 && errno == ENOENT);
    CHECK(setenv("POLYFILL", "yes", 1) == 0 && strcmp(secure_getenv("POLYFILL"), "yes") == 0);
    CHECK(strlcpy(text, "0123456789", sizeof text) == 10 && strcmp(text, "0123456") == 0);
    CHECK(strlcpy(text, "ab", sizeof text) == 2 && strlcat(text, "cd", sizeof text) == 4 && !strcmp(text, "abcd"));
    CHECK(strlcat(text, "efghij", sizeof text) == 10 && strcmp(text, "abcdefg") == 0);
    volatile size_t half = (size_t)-1 / 2;
    void *volatile block = reallocarray(NULL, half, 4);
    CHECK(block == NULL);
    CHECK((unsigned long)aligned_alloc(4096, 8192) % 4096 == 0);
    CHECK(timespec_get(&now, TIME_UTC) == TIME_UTC && now.tv_sec > 1000000000);
    explicit_bzero(text, sizeof text);
    CHECK(memcmp(text, "\0\0\0\0\0\0\0\0", 8) == 0);
    CHECK(gettid() == getpid());

    fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK(preadv2(fd, &part, 1, 0, 0) == 4 && memcmp(text, "\177ELF", 4) == 0);
    CHECK(lseek(fd, 1, SEEK_SET) == 1 && preadv2(fd, &part, 1, -1, 0) == 4 && memcmp(text, "ELF", 3) == 0);
    close(fd);

    CHECK(left_open_in_child(RLIM_INFINITY) == 0);
    CHECK(left_open_in_child(150) == 0);
    dup2(0, 500);
    dup2(0, 50);
    closefrom(40);
    CHECK(!is_open(500) && !is_open(50) && is_open(0));

    struct termios line;
    memset(&line, 0, sizeof line);
#ifdef __powerpc__
    const speed_t fast = 0000021;
#else
    const speed_t fast = 0010002;
#endif
    CHECK(cfsetospeed(&line, B115200) == 0 && cfgetospeed(&line) == B115200 && B115200 == fast);
}

static void check_new(void)
{
    struct rlimit limit;
    struct statx status;
    char text[4] = "";
    struct iovec part = {text, 4};
    int fd = memfd_create("polyfill", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, "abcd", 4) == 4);
    CHECK(preadv2(fd, &part, 1, 0, RWF_HIPRI) == 4);
    CHECK(getrandom(text, 4, 0) == 4 && getentropy(text, 4) == 0);
    CHECK(prlimit(0, RLIMIT_NOFILE, NULL, &limit) == 0 && limit.rlim_cur > 0);
    CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &status) == 0 && status.stx_size == 4);
    CHECK(close_range(fd, fd, 0) == 0 && !is_open(fd));
    CHECK(pidfd_open(getpid(), 0) >= 0);
}

static void check_old(void)
{
    char text[4];
    struct iovec part = {text, 4};
    struct statx status;
    CHECK(memfd_create("polyfill", 0) == -1 && errno == ENOSYS);
    CHECK(getrandom(text, 4, 0) == -1 && errno == ENOSYS);
    CHECK(getentropy(text, 4) == -1 && errno == ENOSYS);
    CHECK(getentropy(text, 257) == -1 && errno == EIO);
    CHECK(statx(0, "", AT_EMPTY_PATH, STATX_SIZE, &status) == -1 && errno == ENOSYS);
    CHECK(close_range(90, 91, 0) == -1 && errno == ENOSYS);
    CHECK(pidfd_open(getpid(), 0) == -1 && errno == ENOSYS);
    CHECK(copy_file_range(0, NULL, 1, NULL, 1, 0) == -1 && errno == ENOSYS);
    CHECK(preadv2(0, &part, 1, 0, RWF_HIPRI) == -1 && errno == ENOTSUP);
    CHECK(pwritev2(1, &part, 1, 0, RWF_DSYNC) == -1 && errno == ENOTSUP);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "count") == 0) {
        int count = 0;
        for (int fd = 3; fd < 1024; fd++)
            count += is_open(fd);
        return count;
    }
    if (argc > 1 && strcmp(argv[1], "old") == 0) {
        forget_calls();
        check_old();
    } else {
        check_new();
    }
    check_everywhere();
    if (!failures)
        puts("fine");
    return failures != 0;
}
