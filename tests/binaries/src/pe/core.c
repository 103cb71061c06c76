/* A stand-in for python313.dll: a function of the C API, a built-in module, the module table, a bundled library. */
#define API __declspec(dllexport)
__declspec(dllimport) int puts(const char *);
__declspec(dllimport) void *GetModuleHandleW(const void *);
#ifdef DELAYED
__declspec(dllimport) int delayed(void);
#define ID delayed()
#else
#define ID 0
#endif
API int Py_Main(int count, void *words) { return puts("core") + count + ID + (words ? 1 : 0); }
API int Py_Initialized = 1;
void *PyInit__core(void) { return GetModuleHandleW(0); }
/* Marks of a profile in objects: functions that ran often, and a function that never ran. */
#ifdef PROFILED
__attribute__((hot)) API int _PyEval_EvalFrameDefault(void) { return 1; }
__attribute__((hot, used)) static int often(void) { return 3; }
__attribute__((cold, used)) static int never(void) { return 2; }
#endif
