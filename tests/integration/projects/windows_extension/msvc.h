/* mingw-w64's headers for Microsoft's ABI: attributes in Clang's form, and the functions of Microsoft's runtime. */
#ifdef _M_IX86
#define _X86_ /* Microsoft's headers define it; mingw's expect the compiler to define it. */
#endif
#include <_mingw.h>
#undef __attribute__ /* mingw's headers take it from compilers that are not GCC; Clang's own headers need it. */
#undef __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_DEPRECATED
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_NORETURN
#define _PID_T_
#include <setjmp.h>
#define _setjmp _setjmp_of_intrin_h /* declared differently in Clang's <intrin.h>, and not used */
int _fltused;
