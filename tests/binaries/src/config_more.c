/* The table with an entry that is not a module. */
#define MORE
#include "config.c"
