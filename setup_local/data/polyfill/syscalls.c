/* System calls that the C library of the floor does not wrap yet.
 *
 * Each function is an object of its own, selected by POLYFILL_<name>. On a kernel without the call it
 * fails with ENOSYS, as the C library's own wrapper would. */

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <unistd.h>

/* Times as the kernel takes them in calls that came after 64 bits of seconds. */
struct kernel_timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

#ifdef POLYFILL_clock_adjtime
int clock_adjtime(clockid_t clock, struct timex *timex)
{
    return syscall(SYS_clock_adjtime, clock, timex);
}
#endif

#ifdef POLYFILL_close_range
int close_range(unsigned int first, unsigned int last, int flags)
{
    return syscall(SYS_close_range, first, last, flags);
}
#endif

#ifdef POLYFILL_copy_file_range
ssize_t copy_file_range(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t length, unsigned int flags)
{
    return syscall(SYS_copy_file_range, in, in_offset, out, out_offset, length, flags);
}
#endif

#ifdef POLYFILL_epoll_pwait2
int epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                 const sigset_t *mask)
{
    struct kernel_timespec limit;
    if (timeout)
        limit = (struct kernel_timespec){timeout->tv_sec, timeout->tv_nsec};
    return syscall(SYS_epoll_pwait2, epoll, events, count, timeout ? &limit : NULL, mask, _NSIG / 8);
}
#endif

#ifdef POLYFILL_execveat
int execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags)
{
    return syscall(SYS_execveat, directory, path, argv, envp, flags);
}
#endif

#ifdef POLYFILL_fanotify_init
int fanotify_init(unsigned int flags, unsigned int event_flags)
{
    return syscall(SYS_fanotify_init, flags, event_flags);
}
#endif

#ifdef POLYFILL_fanotify_mark
int fanotify_mark(int fanotify, unsigned int flags, uint64_t mask, int directory, const char *path)
{
#if __SIZEOF_LONG__ == 4 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return syscall(SYS_fanotify_mark, fanotify, flags, (uint32_t)mask, (uint32_t)(mask >> 32), directory, path);
#else
    return syscall(SYS_fanotify_mark, fanotify, flags, mask, directory, path);
#endif
}
#endif

#ifdef POLYFILL_fsconfig
int fsconfig(int fd, unsigned int command, const char *key, const void *value, int aux)
{
    return syscall(SYS_fsconfig, fd, command, key, value, aux);
}
#endif

#ifdef POLYFILL_fsmount
int fsmount(int fd, unsigned int flags, unsigned int mount_flags)
{
    return syscall(SYS_fsmount, fd, flags, mount_flags);
}
#endif

#ifdef POLYFILL_fsopen
int fsopen(const char *name, unsigned int flags)
{
    return syscall(SYS_fsopen, name, flags);
}
#endif

#ifdef POLYFILL_fspick
int fspick(int directory, const char *path, unsigned int flags)
{
    return syscall(SYS_fspick, directory, path, flags);
}
#endif

#ifdef POLYFILL_getcpu
int getcpu(unsigned int *cpu, unsigned int *node)
{
    return syscall(SYS_getcpu, cpu, node, NULL);
}
#endif

#ifdef POLYFILL_getdents64
ssize_t getdents64(int fd, void *buffer, size_t length)
{
    return syscall(SYS_getdents64, fd, buffer, length);
}
#endif

#ifdef POLYFILL_getrandom
ssize_t getrandom(void *buffer, size_t length, unsigned int flags)
{
    return syscall(SYS_getrandom, buffer, length, flags);
}
#endif

#ifdef POLYFILL_gettid
pid_t gettid(void)
{
    return syscall(SYS_gettid);
}
#endif

#ifdef POLYFILL_memfd_create
int memfd_create(const char *name, unsigned int flags)
{
    return syscall(SYS_memfd_create, name, flags);
}
#endif

#ifdef POLYFILL_mlock2
int mlock2(const void *address, size_t length, unsigned int flags)
{
    return flags ? syscall(SYS_mlock2, address, length, flags) : mlock(address, length);
}
#endif

#ifdef POLYFILL_mount_setattr
int mount_setattr(int directory, const char *path, unsigned int flags, struct mount_attr *attributes, size_t size)
{
    return syscall(SYS_mount_setattr, directory, path, flags, attributes, size);
}
#endif

#ifdef POLYFILL_move_mount
int move_mount(int from, const char *from_path, int to, const char *to_path, unsigned int flags)
{
    return syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}
#endif

#ifdef POLYFILL_name_to_handle_at
int name_to_handle_at(int directory, const char *path, struct file_handle *handle, int *mount, int flags)
{
    return syscall(SYS_name_to_handle_at, directory, path, handle, mount, flags);
}
#endif

#ifdef POLYFILL_open_by_handle_at
int open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
    return syscall(SYS_open_by_handle_at, mount, handle, flags);
}
#endif

#ifdef POLYFILL_open_tree
int open_tree(int directory, const char *path, unsigned int flags)
{
    return syscall(SYS_open_tree, directory, path, flags);
}
#endif

#ifdef POLYFILL_openat2
int openat2(int directory, const char *path, const struct open_how *how, size_t size)
{
    return syscall(SYS_openat2, directory, path, how, size);
}
#endif

#ifdef POLYFILL_pidfd_getfd
int pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
    return syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}
#endif

#ifdef POLYFILL_pidfd_open
int pidfd_open(pid_t process, unsigned int flags)
{
    return syscall(SYS_pidfd_open, process, flags);
}
#endif

#ifdef POLYFILL_pidfd_send_signal
int pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned int flags)
{
    return syscall(SYS_pidfd_send_signal, pidfd, number, info, flags);
}
#endif

#ifdef POLYFILL_pkey_alloc
int pkey_alloc(unsigned int flags, unsigned int rights)
{
    return syscall(SYS_pkey_alloc, flags, rights);
}
#endif

#ifdef POLYFILL_pkey_free
int pkey_free(int key)
{
    return syscall(SYS_pkey_free, key);
}
#endif

#ifdef POLYFILL_pkey_mprotect
int pkey_mprotect(void *address, size_t length, int protection, int key)
{
    return key == -1 ? mprotect(address, length, protection)
                     : syscall(SYS_pkey_mprotect, address, length, protection, key);
}
#endif

#ifdef POLYFILL_prlimit
int prlimit(pid_t process, enum __rlimit_resource resource, const struct rlimit *new_limit, struct rlimit *old_limit)
{
    struct rlimit64 given, old;
    if (new_limit) {
        given.rlim_cur = new_limit->rlim_cur == RLIM_INFINITY ? RLIM64_INFINITY : new_limit->rlim_cur;
        given.rlim_max = new_limit->rlim_max == RLIM_INFINITY ? RLIM64_INFINITY : new_limit->rlim_max;
    }
    if (syscall(SYS_prlimit64, process, resource, new_limit ? &given : NULL, old_limit ? &old : NULL) != 0)
        return -1;
    if (old_limit) {  /* what does not fit into the numbers of a 32-bit program is no limit to it */
        old_limit->rlim_cur = old.rlim_cur > RLIM_INFINITY ? RLIM_INFINITY : old.rlim_cur;
        old_limit->rlim_max = old.rlim_max > RLIM_INFINITY ? RLIM_INFINITY : old.rlim_max;
    }
    return 0;
}
#endif

#ifdef POLYFILL_prlimit64
int prlimit64(pid_t process, enum __rlimit_resource resource, const struct rlimit64 *new_limit,
              struct rlimit64 *old_limit)
{
    return syscall(SYS_prlimit64, process, resource, new_limit, old_limit);
}
#endif

#ifdef POLYFILL_process_madvise
ssize_t process_madvise(int pidfd, const struct iovec *ranges, size_t count, int advice, unsigned int flags)
{
    return syscall(SYS_process_madvise, pidfd, ranges, count, advice, flags);
}
#endif

#ifdef POLYFILL_process_mrelease
int process_mrelease(int pidfd, unsigned int flags)
{
    return syscall(SYS_process_mrelease, pidfd, flags);
}
#endif

#ifdef POLYFILL_process_vm_readv
ssize_t process_vm_readv(pid_t process, const struct iovec *local, unsigned long local_count,
                         const struct iovec *remote, unsigned long remote_count, unsigned long flags)
{
    return syscall(SYS_process_vm_readv, process, local, local_count, remote, remote_count, flags);
}
#endif

#ifdef POLYFILL_process_vm_writev
ssize_t process_vm_writev(pid_t process, const struct iovec *local, unsigned long local_count,
                          const struct iovec *remote, unsigned long remote_count, unsigned long flags)
{
    return syscall(SYS_process_vm_writev, process, local, local_count, remote, remote_count, flags);
}
#endif

#ifdef POLYFILL_renameat2
int renameat2(int from, const char *from_path, int to, const char *to_path, unsigned int flags)
{
    return flags ? syscall(SYS_renameat2, from, from_path, to, to_path, flags)
                 : renameat(from, from_path, to, to_path);
}
#endif

#ifdef POLYFILL_sched_getattr
int sched_getattr(pid_t thread, struct sched_attr *attributes, unsigned int size, unsigned int flags)
{
    return syscall(SYS_sched_getattr, thread, attributes, size, flags);
}
#endif

#ifdef POLYFILL_sched_setattr
int sched_setattr(pid_t thread, struct sched_attr *attributes, unsigned int flags)
{
    return syscall(SYS_sched_setattr, thread, attributes, flags);
}
#endif

#ifdef POLYFILL_sendmmsg
int sendmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags)
{
    return syscall(SYS_sendmmsg, socket, messages, count, flags);
}
#endif

#ifdef POLYFILL_setns
int setns(int fd, int kind)
{
    return syscall(SYS_setns, fd, kind);
}
#endif

#ifdef POLYFILL_statx
int statx(int directory, const char *restrict path, int flags, unsigned int mask, struct statx *restrict result)
{
    return syscall(SYS_statx, directory, path, flags, mask, result);
}
#endif

#ifdef POLYFILL_syncfs
int syncfs(int fd)
{
    return syscall(SYS_syncfs, fd);
}
#endif

#ifdef POLYFILL_tgkill
int tgkill(pid_t group, pid_t thread, int number)
{
    return syscall(SYS_tgkill, group, thread, number);
}
#endif
