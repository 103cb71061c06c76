/* What configure would find for libuuid on Linux with the oldest supported C library; no uuidd daemon. */
#define _GNU_SOURCE 1
#include <stdlib.h>

/* The library has its own reallocarray, which must not meet the declaration of the C library's one. */
#define reallocarray libuuid_reallocarray
#define _PATH_LOCALSTATEDIR "/var"

#define HAVE_DECL_DIRFD 1
#define HAVE_DIRFD 1
#define HAVE_ERR 1
#define HAVE_ERRX 1
#define HAVE_ERR_H 1
#define HAVE_JRAND48 1
#define HAVE_LIBPTHREAD 1
#define HAVE_LOCALE_H 1
#define HAVE_LOFF_T 1
#define HAVE_NANOSLEEP 1
#define HAVE_NETINET_IN_H 1
#define HAVE_NET_IF_H 1
#define HAVE_OPENAT 1
#define HAVE_PROGRAM_INVOCATION_SHORT_NAME 1
#define HAVE_SRANDOM 1
#define HAVE_STDLIB_H 1
#define HAVE_STRUCT_STAT_ST_MTIM_TV_NSEC 1
#define HAVE_SYS_FILE_H 1
#define HAVE_SYS_IOCTL_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_SYSCALL_H 1
#define HAVE_SYS_SYSMACROS_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_UN_H 1
#define HAVE_TLS 1
#define HAVE_UNISTD_H 1
#define HAVE_USLEEP 1
#define HAVE_WARN 1
#define HAVE_WARNX 1
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
# define WORDS_BIGENDIAN 1
#endif
