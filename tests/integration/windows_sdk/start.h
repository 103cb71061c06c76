/* What the start functions share. */
#include <windows.h>
#include <stdlib.h>

enum { _crt_console_app = 1, _crt_gui_app = 2 };
enum { arguments_as_they_are = 1 };

_ACRTIMP void __cdecl _set_app_type(int);
_ACRTIMP int __cdecl _configure_wide_argv(int);
_ACRTIMP int __cdecl _initialize_wide_environment(void);
_ACRTIMP wchar_t **__cdecl _get_initial_wide_environment(void);
_ACRTIMP wchar_t *__cdecl _get_wide_winmain_command_line(void);
_ACRTIMP int *__cdecl __p___argc(void);
_ACRTIMP wchar_t ***__cdecl __p___wargv(void);

void initialize(void);

static void start(int type)
{
    _set_app_type(type);
    if (_configure_wide_argv(arguments_as_they_are) || _initialize_wide_environment())
        abort();
    initialize();
}
