/* A stand-in for a bundled library. */
int bundled_version(void) { return 7; }
