/* The module of demo.c with one more undefined function: the one of the C library that the macro names. */
int bundled_version(void);
int WANTED(void);
__attribute__((visibility("default"))) void *PyInit__demo(void) { return bundled_version() && WANTED() ? "demo" : 0; }
