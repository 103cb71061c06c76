/* An object file with debug information, and with all structures that refer to sections and symbols by number. */
extern int puts(const char *);
static int twice(int number) { return 2 * number; }
static int (*volatile chosen)(int) = twice;
__attribute__((visibility("default"))) int debug_entry(int number) { return puts("debug") + chosen(number); }
__asm__(".section .debug_macro,\"G\",@progbits,grouped,comdat\n.byte 0\n"
        ".section .text.grouped,\"axG\",@progbits,grouped,comdat\n.weak grouped\ngrouped: call debug_entry\nret\n.text\n");
