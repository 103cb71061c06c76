/* Enough functions to detect how the compiler begins them. */
#ifdef COLD /* as BOLT splits functions: the other part uses the same frame */
#define PART(name) __asm__(".type " #name ".cold.0, @function\n" #name ".cold.0: ret");
#else
#define PART(name)
#endif
#define FUNCTION(name) int name(int value) { return value * sizeof #name; } PART(name)
#define FIVE(name) FUNCTION(name##1) FUNCTION(name##2) FUNCTION(name##3) FUNCTION(name##4) FUNCTION(name##5)
#define TWENTY_FIVE(name) FIVE(name##1_) FIVE(name##2_) FIVE(name##3_) FIVE(name##4_) FIVE(name##5_)
TWENTY_FIVE(one_)
#ifdef MORE
TWENTY_FIVE(two_) TWENTY_FIVE(three_) TWENTY_FIVE(four_) TWENTY_FIVE(five_)
#endif
