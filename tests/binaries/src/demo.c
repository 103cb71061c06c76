/* A built-in extension module that uses a bundled library. */
int bundled_version(void);
__attribute__((visibility("default"))) void *PyInit__demo(void) { return bundled_version() ? "demo" : 0; }
