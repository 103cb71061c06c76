/* Stand-ins for shared libraries. */
#define API __attribute__((visibility("default")))
#ifdef STUB_C
API int puts(const char *text) { return text != 0; }
API int gettid(void) { return 1; }
#else
API int stub_function(void) { return 0; }
#endif
