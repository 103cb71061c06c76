/* The table with a module that is none. */
#define MORE
#include "config.c"
