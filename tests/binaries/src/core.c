/* A stand-in for libpython: one function of the C API and one built-in module. */
#define API __attribute__((visibility("default")))
extern int puts(const char *);
#ifdef NO_FORTIFIED
#define PUTS(text) puts(text)
#else
extern int __printf_chk(int, const char *, ...);
#define PUTS(text) __printf_chk(1, text)
#endif
#ifdef NO_STACK_CHECK
#define CHECK
#else
extern void __stack_chk_fail(void);
#define CHECK __stack_chk_fail()
#endif
API int Py_Main(void) { CHECK; return PUTS("core"); }
API void *PyInit__core(void) { return 0; }
/* BOLT renames the section from which it takes code, and puts moved code into a section with the old name. */
#ifdef MOVED
__attribute__((section(".bolt.org.text"), used)) static int left(void) { return 3; }
#ifdef STAYS
__attribute__((section(".bolt.org.text"))) API int _PyEval_EvalFrameDefault(void) { return 1; }
#else
__attribute__((section(".text"))) API int _PyEval_EvalFrameDefault(void) { return 1; }
#endif
#endif
#ifdef HOT
__attribute__((section(".text.hot."))) API int _PyEval_EvalFrameDefault(void) { return 1; }
#endif
/* The sign of a profile in Mach-O files: functions that never ran. */
#ifdef COLD
API int _PyEval_EvalFrameDefault(void) { return 1; }
__attribute__((cold, used)) static int never(void) { return 2; }
#endif
