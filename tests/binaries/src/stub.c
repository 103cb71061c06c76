/* Stand-ins for shared libraries. */
#define API __attribute__((visibility("default")))
#ifdef STUB_C
#ifdef SEPARATE
API char **__environ, **environ;
#elif defined(JOINED)
API char **__environ;
extern API __typeof__(__environ) environ __attribute__((alias("__environ")));
#endif
API int puts(const char *text) { return text != 0; }
API int __printf_chk(int flag, const char *text, ...) { return flag && text != 0; }
API void __stack_chk_fail(void) { }
API int gettid(void) { return 1; }
#else
API int stub_function(void) { return 0; }
#endif
