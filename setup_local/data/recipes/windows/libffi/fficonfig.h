/* What configure would find on Windows with Clang. */
#define EH_FRAME_FLAGS "aw"
#define HAVE_LONG_DOUBLE 1
#define HAVE_MEMCPY 1
#define STDC_HEADERS 1
#if defined(__x86_64__) || defined(__i386__)
# define HAVE_AS_X86_PCREL 1
#endif

#ifdef LIBFFI_ASM
# define FFI_HIDDEN(name)
#else
# define FFI_HIDDEN
#endif
