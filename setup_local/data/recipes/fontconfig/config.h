/*
 * What configure would find for fontconfig on Linux with the oldest supported C library, the directories that all
 * distributions use, and the configuration for machines that have none.
 */
#define _GNU_SOURCE 1
#include <limits.h>
#include <stdint.h>

#define CONFIGDIR "/etc/fonts/conf.d"
#define FC_CACHEDIR "/var/cache/fontconfig"
#define FC_TEMPLATEDIR "/usr/share/fontconfig/conf.avail"
#define FONTCONFIG_PATH "/etc/fonts"

/*
 * Part of the configuration that is used where /etc/fonts/fonts.conf is missing: where fonts lie, and what the generic
 * names mean. Without the latter any font could be taken for them.
 */
#define FC_DEFAULT_FONTS \
    "<dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><dir>~/.fonts</dir>" \
    FC_GENERIC("sans-serif", "DejaVu Sans", "Noto Sans", "Liberation Sans", "Open Sans", "FreeSans") \
    FC_GENERIC("serif", "DejaVu Serif", "Noto Serif", "Liberation Serif", "Tinos", "FreeSerif") \
    FC_GENERIC("monospace", "DejaVu Sans Mono", "Noto Sans Mono", "Liberation Mono", "Cousine", "FreeMono") \
    FC_SAME("sans", "sans-serif") FC_SAME("helvetica", "sans-serif") FC_SAME("arial", "sans-serif") \
    FC_SAME("times", "serif") FC_SAME("mono", "monospace") FC_SAME("courier", "monospace") FC_SAME("fixed", "monospace")
#define FC_FAMILY_NAME(name) "<family>" name "</family>"
#define FC_GENERIC(name, a, b, c, d, e) \
    "<alias>" FC_FAMILY_NAME(name) "<prefer>" FC_FAMILY_NAME(a) FC_FAMILY_NAME(b) FC_FAMILY_NAME(c) FC_FAMILY_NAME(d) \
    FC_FAMILY_NAME(e) "</prefer></alias>"
#define FC_SAME(name, generic) \
    "<alias binding=\"same\">" FC_FAMILY_NAME(name) "<accept>" FC_FAMILY_NAME(generic) "</accept></alias>"

#ifdef __i386__
# define ALIGNOF_DOUBLE 4
#else
# define ALIGNOF_DOUBLE 8
#endif
#define ALIGNOF_VOID_P __SIZEOF_POINTER__
#define FLEXIBLE_ARRAY_MEMBER
#define SIZEOF_VOID_P __SIZEOF_POINTER__
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
# define WORDS_BIGENDIAN 1
#endif

#define HAVE_DIRENT_H 1
#define HAVE_FCNTL_H 1
#define HAVE_FSTATFS 1
#define HAVE_FSTATVFS 1
#define HAVE_FT_DONE_MM_VAR 1
#define HAVE_FT_GET_BDF_PROPERTY 1
#define HAVE_FT_GET_PS_FONT_INFO 1
#define HAVE_FT_GET_X11_FONT_FORMAT 1
#define HAVE_FT_HAS_PS_GLYPH_NAMES 1
#define HAVE_INTEL_ATOMIC_PRIMITIVES 1
#define HAVE_LINK 1
#define HAVE_LSTAT 1
#define HAVE_MKOSTEMP 1
#define HAVE_MKSTEMP 1
#define HAVE_MMAP 1
#define HAVE_POSIX_FADVISE 1
#define HAVE_PTHREAD 1
#define HAVE_RAND_R 1
#define HAVE_READLINK 1
#define HAVE_STDATOMIC_PRIMITIVES 1
#define HAVE_STRUCT_DIRENT_D_TYPE 1
#define HAVE_STRUCT_STATFS_F_FLAGS 1
#define HAVE_STRUCT_STAT_ST_MTIM 1
#define HAVE_SYS_MOUNT_H 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_SYS_STATFS_H 1
#define HAVE_SYS_STATVFS_H 1
#define HAVE_SYS_VFS_H 1
#define HAVE_UNISTD_H 1
#if defined(__GLIBC__)
# define HAVE_RANDOM_R 1
#endif

#define FC_GPERF_SIZE_T size_t
