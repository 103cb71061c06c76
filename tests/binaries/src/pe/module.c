/* A shared extension module, with one fault chosen by a macro. */
#define API __declspec(dllexport)
__declspec(dllimport) int puts(const char *);
__declspec(dllimport) int Py_Main(int, void *);
static const char *volatile table[] = {"relocated", "data"};

#ifdef OTHER
__declspec(dllimport) int stub_function(void);
#define ID stub_function()
#else
#define ID 0
#endif

#ifdef EXPORTS
API int inflate(void) { return 1; }
#endif

#ifdef MACHINE_PATH
static const char PyModule_source[] = "/home/builder/src/module.c";
#define NAME PyModule_source
#else
#define NAME table[0]
#endif

#ifdef CALLBACK
static void callback(void *module, unsigned reason, void *nothing) { (void)module; (void)reason; (void)nothing; }
unsigned long _tls_index;
static void (*const callbacks[])(void *, unsigned, void *) = {
    callback,
#ifdef MORE_CALLBACKS
    callback, callback,
#endif
    0,
};
struct directory { void *start, *end, *index; const void *callbacks; unsigned zeros, marks; };
const struct directory _tls_used = {0, 0, &_tls_index, callbacks, 0, 0};
#endif

API void *PyInit__shared(void) { return puts(NAME) + Py_Main(0, 0) + ID ? (void *)table : 0; }
