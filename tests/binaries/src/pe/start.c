/* python.exe: a program's entry. */
__declspec(dllimport) int Py_Main(int, void *);
__declspec(dllimport) void ExitProcess(unsigned);
static int (*volatile table[])(int, void *) = {0};
void *volatile kept = (void *)table;
void start(void) { ExitProcess((unsigned)Py_Main(0, kept)); }
