/* An object file for macOS with debug information, and with structures that refer to sections and symbols by number. */
extern int puts(const char *);
static int twice(int number) { return 2 * number; }
static int (*volatile chosen)(int) = twice;
static const char *const texts[] = {"debug", "information"};
static int counted[4];
static _Thread_local int own = 3;
__attribute__((visibility("default"))) int debug_entry(int number) {
    switch (number) {
    case 0: return puts(texts[0]);
    case 1: return puts(texts[1]) + counted[1];
    case 2: return chosen(number);
    case 3: return own++;
    default: return counted[number & 3]++ + (int)((char *)texts - (char *)counted);
    }
}
__attribute__((constructor)) static void begin(void) { counted[0] = chosen(1); }
