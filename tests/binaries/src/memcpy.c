/* A library that contains a function of the C library. */
void *memcpy(void *to, const void *from, unsigned long count) {
    for (unsigned long i = 0; i < count; i++) ((char *)to)[i] = ((const char *)from)[i];
    return to;
}
