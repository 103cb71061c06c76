/* No code: Clang writes no symbol table for this file on x86_64. */
typedef int nothing;
