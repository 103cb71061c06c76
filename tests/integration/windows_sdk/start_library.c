/* Starts a DLL. */
#include "start.h"

BOOL __stdcall DllMain(HINSTANCE, DWORD, void *);

BOOL __stdcall _DllMainCRTStartup(HINSTANCE instance, DWORD reason, void *reserved)
{
    return DllMain(instance, reason, reserved);
}
