/* Starts a program without a console. */
#include "start.h"

int __stdcall wWinMain(HINSTANCE, HINSTANCE, wchar_t *, int);

int wWinMainCRTStartup(void)
{
    STARTUPINFOW info;

    start(_crt_gui_app);
    GetStartupInfoW(&info);
    exit(wWinMain(GetModuleHandleW(NULL), NULL, _get_wide_winmain_command_line(),
                  info.dwFlags & STARTF_USESHOWWINDOW ? info.wShowWindow : SW_SHOWDEFAULT));
}
