/* Makes a program contain a variable of the C library: its address must be known when the program is linked. */
extern char **environ;
char **seen(void) { return environ; }
