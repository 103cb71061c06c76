/* A shared extension module for macOS, with the property that the macro names. */
#define API __attribute__((visibility("default")))
extern int puts(const char *);
static const char *volatile table[] = {"relocated", "data"};
static __attribute__((noinline, used)) int local_helper(int code) { return puts(table[code & 1]); }

#if defined(NEWER) || defined(WEAK)
#ifdef WEAK
__attribute__((weak_import))
#endif
extern int mkfifoat(int, const char *, int);
#define ID (mkfifoat ? mkfifoat(0, "x", 0) : 0)
#elif defined(UNKNOWN)
extern int not_exported(void);
#define ID not_exported()
#elif defined(PYTHON)
extern int Py_IsInitialized(void);
#define ID Py_IsInitialized()
#else
#define ID 0
#endif

#ifdef EXPORTS
API int inflate(void) { return 1; }
#endif

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void begin(void) { puts("begin"); }
#endif

#ifdef COUNTING
__attribute__((section("__DATA,__llvm_prf_cnts"), used)) static unsigned long counters[2];
#endif

#ifdef MACHINE_PATH
static const char source[] = "/home/builder/src/module.c";
#define NAME source
#else
#define NAME table[0]
#endif

#ifdef NO_INIT
API void *PyInit_other(void)
#else
API void *PyInit__shared(void)
#endif
{
    return puts(NAME) + local_helper(1) + ID ? (void *)table : 0;
}
