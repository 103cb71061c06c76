/* Nothing that becomes code: Clang writes no table of symbols for it on x86_64. */
typedef int nothing;
