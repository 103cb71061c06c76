/* The input of scripts/check_windows_abi.py: every structure of Python's C API, and the plain types in it. */
#ifdef OFFICIAL
/* mingw-w64's headers as Microsoft's compiler would read them: attributes that it does not have are left out, and types
   that PC/pyconfig.h defines for it are not defined before. */
#ifdef __i386__
#define _X86_
#endif
#ifdef __aarch64__
#define __GNUC__ 4
#include <vadefs.h>
#undef __GNUC__
#endif
#include <_mingw.h>
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_NORETURN
#undef __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_DEPRECATED
#define _PID_T_
#define IN_WINPTHREAD
#endif

#include <Python.h>
#include <datetime.h>
#include <frameobject.h>
#include <marshal.h>
#include <structmember.h>
#include <time.h>
#include <wchar.h>

#define NUMBER(type) \
    struct number_##type { \
        char size[sizeof(type)]; \
        char alignment[_Alignof(type)]; \
        char signedness[((type)-1 < 0) + 1]; \
    }; \
    static struct number_##type number_of_##type

typedef long double long_double;
typedef enum { NOTHING, LARGE = 0x7fffffff } enumeration;
typedef _Bool boolean;

NUMBER(time_t);
NUMBER(wchar_t);
NUMBER(long_double);
NUMBER(pid_t);
NUMBER(off_t);
NUMBER(enumeration);
NUMBER(boolean);
NUMBER(size_t);
NUMBER(long);
NUMBER(Py_ssize_t);
NUMBER(Py_hash_t);
NUMBER(Py_UCS4);

struct bits {
    unsigned first : 3;
    unsigned char second : 5;
    unsigned long long third : 33;
    int fourth : 7;
    _Bool last : 1;
};
static struct bits bits_of_all_sizes;
