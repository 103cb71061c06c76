/* The table without one of the modules. */
#define LESS
#include "config.c"
