/* A macOS program's entry. */
int Py_Main(void);
__attribute__((visibility("default"))) int main(void) { return Py_Main(); }
