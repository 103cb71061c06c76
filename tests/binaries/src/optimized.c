/* Further signs of an optimized interpreter, selected by macros. */
#ifdef NAMED
/* LLVM's link-time optimizer gives such names to static functions that other files then call. */
int shown(void) __asm__("shown.llvm.7");
__attribute__((visibility("hidden"))) int shown(void) { return 2; }
#endif

#ifdef MACHO_NAMED
int shown(void) __asm__("_shown.llvm.7");
__attribute__((visibility("hidden"))) int shown(void) { return 2; }
#endif

#ifdef COUNTING
__attribute__((section("__llvm_prf_cnts"), used)) static unsigned long counters[2];
#endif

#ifdef LEVEL
/* A program's note about the required processor (data/patches/cpython-processor-level.toml). */
#define TEXT(value) #value
#define STRING(value) TEXT(value)
__asm__(".pushsection .note.processor, \"a\", @note\n.balign 8\n.long 4, 16, 5\n.asciz \"GNU\"\n"
        ".long 0xc0008002, 4, " STRING(LEVEL) ", 0\n.popsection\n");
#endif
