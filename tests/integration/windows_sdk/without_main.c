/* For DLLs that have nothing to do when they are loaded. */
#include <windows.h>

BOOL __stdcall DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    return TRUE;
}
