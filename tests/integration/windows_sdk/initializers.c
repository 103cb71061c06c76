/* Calls what must run before everything else: functions whose addresses compilers put between these two. */
#pragma section(".CRT$XCA", read)
#pragma section(".CRT$XCZ", read)
typedef void(__cdecl *initializer)(void);
__declspec(allocate(".CRT$XCA")) const initializer first_initializer = 0;
__declspec(allocate(".CRT$XCZ")) const initializer last_initializer = 0;

void initialize(void)
{
    for (const initializer *one = &first_initializer + 1; one < &last_initializer; one++)
        if (*one)
            (*one)();
}
