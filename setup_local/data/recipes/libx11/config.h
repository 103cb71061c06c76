/*
 * What configure would find for libX11 on Linux, with the data directories that all distributions use.
 * No libXcursor by dlopen: the host's one would bring a second libX11 into the process.
 */
#define _GNU_SOURCE 1
#define PACKAGE_STRING "libX11"

#define HASGETRESUID 1
#define HAS_SHM 1
#define HAVE_DLFCN_H 1
#define HAVE_DLOPEN 1
#define HAVE_GETADDRINFO 1
#define HAVE_INET_NTOP 1
#define HAVE_INTTYPES_H 1
#define HAVE_MMAP 1
#define HAVE_SETEUID 1
#define HAVE_SOCKLEN_T 1
#define HAVE_STDINT_H 1
#define HAVE_STRCASECMP 1
#define HAVE_STRTOL 1
#define HAVE_STRUCT_SOCKADDR_STORAGE 1
#define HAVE_SYS_IOCTL_H 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_SYS_SELECT_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_UNISTD_H 1
#define HAVE_WCHAR_H 1
#define HAVE___BUILTIN_POPCOUNTL 1

#define COMPOSECACHE 1
#define IPv6 1
#define TCPCONN 1
#define UNIXCONN 1
#define USE_POLL 1
#define USE_THREAD_SAFETY_CONSTRUCTOR 1
#define XCMS 1
#define XKB 1
#define XLOCALE 1
#define XTHREADS 1
#define XUSE_MTSAFE_API 1

#define X11_DATADIR "/usr/share/X11"
#define X11_LIBDIR "/usr/lib/X11"
#define XCMSDIR "/usr/share/X11"
#define XERRORDB "/usr/share/X11/XErrorDB"
#define XKEYSYMDB "/usr/share/X11/XKeysymDB"
#define XLOCALEDATADIR "/usr/share/X11/locale"
#define XLOCALEDIR "/usr/share/X11/locale"
#define XLOCALELIBDIR "/usr/lib/X11/locale"
