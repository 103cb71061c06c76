/* What configure would find on Linux with Clang. Closures use static trampolines: no page is ever writable and executable. */
#define EH_FRAME_FLAGS "a"
#define FFI_EXEC_STATIC_TRAMP 1
#define HAVE_ALLOCA_H 1
#define HAVE_HIDDEN_VISIBILITY_ATTRIBUTE 1
#define HAVE_LONG_DOUBLE 1
#define HAVE_MEMCPY 1
#define HAVE_RO_EH_FRAME 1
#define STDC_HEADERS 1
#ifdef __x86_64__
# define HAVE_AS_X86_64_UNWIND_SECTION_TYPE 1
# define HAVE_AS_X86_PCREL 1
#endif
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
# define WORDS_BIGENDIAN 1
#endif

#ifdef LIBFFI_ASM
# define FFI_HIDDEN(name) .hidden name
#else
# define FFI_HIDDEN __attribute__((visibility("hidden")))
#endif
