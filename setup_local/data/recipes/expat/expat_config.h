/* What configure would find on Linux and macOS. Entropy on Linux: the getrandom system call, else /dev/urandom on old kernels. */
#ifndef EXPAT_CONFIG_H
#define EXPAT_CONFIG_H 1

#ifdef __APPLE__
# define HAVE_ARC4RANDOM_BUF 1
#else
# include <sys/syscall.h>
# define XML_DEV_URANDOM 1
#endif

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
# define BYTEORDER 4321
# define WORDS_BIGENDIAN 1
#else
# define BYTEORDER 1234
#endif
#ifdef SYS_getrandom
# define HAVE_SYSCALL_GETRANDOM 1
#endif
#define HAVE_FCNTL_H 1
#define HAVE_MMAP 1
#define HAVE_UNISTD_H 1
#define XML_CONTEXT_BYTES 1024
#define XML_DTD 1
#define XML_GE 1
#define XML_NS 1

#endif
