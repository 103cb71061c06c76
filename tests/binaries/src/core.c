/* Stands for libpython: one function of the C API and one module of its own. */
#define API __attribute__((visibility("default")))
extern int puts(const char *);
API int Py_Main(void) { return puts("core"); }
API void *PyInit__core(void) { return 0; }
/* BOLT gives the section that it takes code from a new name, and what it moves a section of the old one. */
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
