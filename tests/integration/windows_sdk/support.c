/* What compiled code refers to: a mark for floating-point numbers, and the index of thread-local data. */
/* Wine's header says that this one is in a DLL, and what is defined after that would be exported. */
#define _onexit onexit_of_a_dll
#include <winsock2.h>
#include <ws2tcpip.h>
#include <stdlib.h>
#undef _onexit

int _fltused = 0x9875;
ULONG _tls_index;

#pragma section(".tls", read, write)
#pragma section(".tls$ZZZ", read, write)
__declspec(allocate(".tls")) char _tls_start;
__declspec(allocate(".tls$ZZZ")) char _tls_end;

#pragma section(".CRT$XLA", read)
#pragma section(".CRT$XLZ", read)
__declspec(allocate(".CRT$XLA")) PIMAGE_TLS_CALLBACK const __xl_a;
__declspec(allocate(".CRT$XLZ")) PIMAGE_TLS_CALLBACK const __xl_z;

#pragma section(".rdata$T", read)
__declspec(allocate(".rdata$T")) const IMAGE_TLS_DIRECTORY _tls_used = {
    (ULONG_PTR)&_tls_start, (ULONG_PTR)&_tls_end, (ULONG_PTR)&_tls_index, (ULONG_PTR)(&__xl_a + 1),
};

/* The other one comes from compiler-rt and does the same. */
__asm__(".globl __chkstk\n__chkstk:\njmp ___chkstk_ms\n");

_ACRTIMP int __cdecl _crt_atexit(void (__cdecl *)(void));

int __cdecl atexit(void (__cdecl *function)(void))
{
    return _crt_atexit(function);
}

_onexit_t __cdecl _onexit(_onexit_t function)
{
    return _crt_atexit((void (__cdecl *)(void))function) ? NULL : function;
}

const IN6_ADDR in6addr_any;
