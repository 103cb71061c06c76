/* mingw-w64's headers for the target of Microsoft's ABI: attributes where Clang takes them, and what Microsoft's runtime has. */
#ifdef _M_IX86
#define _X86_ /* which Microsoft's headers define themselves, and mingw's leave to the compiler */
#endif
#include <_mingw.h>
#undef __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_DEPRECATED
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_NORETURN
#define _PID_T_
int _fltused;
