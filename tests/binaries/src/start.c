/* A program's entry. */
int Py_Main(void);
__attribute__((visibility("default"))) void _start(void) { Py_Main(); for (;;) { } }
