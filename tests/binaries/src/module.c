/* A shared extension module, with one fault chosen by a macro. */
#define API __attribute__((visibility("default")))
extern int puts(const char *);
static const char *volatile table[] = {"relocated", "data"};

#ifdef NEWER
extern int gettid(void);
#define ID gettid()
#else
#define ID 0
#endif

#ifdef EXPORTS
API int inflate(void) { return 1; }
#endif

#if defined(MEMCPY) || defined(LOCAL_MEMCPY)
#ifdef LOCAL_MEMCPY
static __attribute__((noinline, used))
#endif
void *memcpy(void *to, const void *from, unsigned long count) {
    for (unsigned long i = 0; i < count; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}
#endif

#ifdef LOCAL_ERROR
static __attribute__((noinline, used)) int error(int code) { return puts(table[code & 1]); }
#endif

#ifdef MACHINE_PATH
static const char PyModule_source[] = "/home/builder/src/module.c";
#define NAME PyModule_source
#else
#define NAME table[0]
#endif

#ifdef NO_INIT
API void *PyInit_other(void)
#else
API void *PyInit__shared(void)
#endif
{
    return puts(NAME) + ID ? (void *)table : 0;
}

#ifdef EXPORTS_TCL
API int Tcl_CreateCommand(void) { return 2; }
#endif
