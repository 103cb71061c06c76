/*
 * What configure would find for libedit on macOS, and on Linux with the oldest supported C library. The functions that a newer
 * one has too get names of their own: nothing of the C library may be defined in a program that links this.
 */
#define _GNU_SOURCE 1
#ifdef __linux__
# include <stdc-predef.h>  /* what wchar_t holds: compilers include it by themselves only for glibc */
# define HAVE_MALLOC_H 1
# define HAVE_SECURE_GETENV 1
#else
# define HAVE_ISSETUGID 1
# define HAVE_SYS_CDEFS_H 1
#endif
#include <stdint.h>
#include <wchar.h>

#ifdef __linux__
# define strlcat libedit_strlcat
# define strlcpy libedit_strlcpy
#else
# define HAVE_STRLCAT 1
# define HAVE_STRLCPY 1
#endif
#ifdef __GLIBC__
# define HAVE_SYS_CDEFS_H 1  /* musl has no such header */
# if !__GLIBC_PREREQ(2, 17)
/* There it is called __secure_getenv, a name that newer ones know but link to nothing; this library must suit both. */
#  include <stdlib.h>
#  include <sys/auxv.h>
#  define secure_getenv(name) (getauxval(AT_SECURE) ? NULL : getenv(name))
# endif
#endif

#define HAVE_CURSES_H 1
#define HAVE_DIRENT_H 1
#define HAVE_ENDPWENT 1
#define HAVE_FCNTL_H 1
#define HAVE_FORK 1
#define HAVE_GETLINE 1
#define HAVE_GETPW_R_POSIX 1
#define HAVE_ISASCII 1
#define HAVE_LIBNCURSES 1
#define HAVE_LIMITS_H 1
#define HAVE_MEMCHR 1
#define HAVE_MEMSET 1
#define HAVE_NCURSES_H 1
#define HAVE_REGCOMP 1
#define HAVE_SIZE_MAX 1
#define HAVE_STDINT_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRCASECMP 1
#define HAVE_STRCHR 1
#define HAVE_STRCSPN 1
#define HAVE_STRDUP 1
#define HAVE_STRERROR 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_STRRCHR 1
#define HAVE_STRSTR 1
#define HAVE_STRTOL 1
#define HAVE_SYS_IOCTL_H 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_WAIT_H 1
#define HAVE_TERM_H 1
#define HAVE_UNISTD_H 1
#define HAVE_U_INT32_T 1
#define HAVE_VFORK 1
#define HAVE_WCHAR_H 1
#define HAVE_WCSDUP 1
#define HAVE_WORKING_FORK 1
#define HAVE_WORKING_VFORK 1

#include "sys.h"
#define SCCSID
#undef LIBC_SCCS
#define lint
