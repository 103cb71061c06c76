/* Starts a program with arguments in wide characters. */
#include "start.h"

int wmain(int, wchar_t **, wchar_t **);

int wmainCRTStartup(void)
{
    start(_crt_console_app);
    exit(wmain(*__p___argc(), *__p___wargv(), _get_initial_wide_environment()));
}
