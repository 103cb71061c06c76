/* The table of built-in modules. */
void *PyInit__core(void);
#ifndef LESS
void *PyInit__demo(void);
#endif
#ifdef MORE
void *PyInit__more(void);
#endif
struct entry { const char *name; void *(*init)(void); };
__attribute__((visibility("default"))) struct entry _PyImport_Inittab[] = {
    {"_core", PyInit__core},
#ifndef LESS
    {"_demo", PyInit__demo},
#endif
#ifdef MORE
    {"_more", PyInit__more},
#endif
    {"builtins", 0},
    {0, 0},
};
