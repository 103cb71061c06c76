/* What an optimized interpreter shows besides, as far as macros say so. */
#ifdef NAMED
/* LLVM's link-time optimizer gives such names to functions of one file that others come to call. */
int shown(void) __asm__("shown.llvm.7");
__attribute__((visibility("hidden"))) int shown(void) { return 2; }
#endif

#ifdef COUNTING
__attribute__((section("__llvm_prf_cnts"), used)) static unsigned long counters[2];
#endif
