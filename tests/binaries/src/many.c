/* Enough functions to tell what the compiler begins them with. */
#define FUNCTION(name) int name(int value) { return value * sizeof #name; }
#define FIVE(name) FUNCTION(name##1) FUNCTION(name##2) FUNCTION(name##3) FUNCTION(name##4) FUNCTION(name##5)
FIVE(first_) FIVE(second_) FIVE(third_) FIVE(fourth_) FIVE(fifth_)
