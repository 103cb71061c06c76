/* Starts a DLL. */
#include <windows.h>

void initialize(void);
BOOL __stdcall DllMain(HINSTANCE, DWORD, void *);

BOOL __stdcall _DllMainCRTStartup(HINSTANCE instance, DWORD reason, void *reserved)
{
    if (reason == DLL_PROCESS_ATTACH)
        initialize();
    return DllMain(instance, reason, reserved);
}
