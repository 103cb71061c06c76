/* All kinds of symbols in objects for Windows. */
__declspec(dllimport) int imported(void);
extern int wanted(void);
extern int optional(void) __attribute__((weak));
int shared_number;
static __attribute__((noinline, used)) int own(int count) { return count + 1; }
__attribute__((weak)) int replaceable(void) { return own(2); }
int a_function_with_a_long_name(void) { return imported() + wanted() + (optional ? optional() : 0) + replaceable(); }
