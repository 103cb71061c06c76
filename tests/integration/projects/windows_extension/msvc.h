/* mingw-w64's headers for Microsoft's ABI: attributes in Clang's form, and the functions of Microsoft's runtime. */
#ifdef _M_IX86
#define _X86_ /* Microsoft's headers define it; mingw's expect the compiler to define it. */
#endif
#include <_mingw.h>
#undef __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_DEPRECATED
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_NORETURN
#define _PID_T_
int _fltused;
