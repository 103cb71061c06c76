/* What configure would find on Linux and macOS with Clang. Closures use static trampolines where libffi has them, or on 64-bit ARM
   with macOS a table of them that is mapped again: no page is ever writable and executable. On x86-64 with macOS libffi has nothing
   else. */
#define EH_FRAME_FLAGS "a"
#define HAVE_ALLOCA_H 1
#define HAVE_HIDDEN_VISIBILITY_ATTRIBUTE 1
#define HAVE_MEMCPY 1
#define HAVE_RO_EH_FRAME 1
#define STDC_HEADERS 1
#if defined(__APPLE__)
# define SYMBOL_UNDERSCORE 1
# ifdef __aarch64__
#  define FFI_EXEC_TRAMPOLINE_TABLE 1
# else
#  define FFI_MMAP_EXEC_WRIT 1
# endif
#elif !defined(__riscv)
# define FFI_EXEC_STATIC_TRAMP 1
#endif
#if __SIZEOF_LONG_DOUBLE__ > __SIZEOF_DOUBLE__
# define HAVE_LONG_DOUBLE 1
#endif
#ifdef __powerpc64__
# define HAVE_LONG_DOUBLE_VARIANT 1
#endif
#ifdef __i386__
# define HAVE_AS_X86_PCREL 1
#endif
#if defined(__x86_64__) && !defined(__APPLE__)
# define HAVE_AS_X86_64_UNWIND_SECTION_TYPE 1
#endif
#ifdef __x86_64__
# define HAVE_AS_X86_PCREL 1
#endif
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
# define WORDS_BIGENDIAN 1
#endif

#ifdef LIBFFI_ASM
# ifdef __APPLE__
#  define FFI_HIDDEN(name) .private_extern name
# else
#  define FFI_HIDDEN(name) .hidden name
# endif
#else
# define FFI_HIDDEN __attribute__((visibility("hidden")))
#endif
