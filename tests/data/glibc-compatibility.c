/* Symbols for old programs that every distribution's glibc still has, but not the glibc of the wheel in old-glibc.txt:
 * it was configured without compatibility symbols. Programs that are linked against glibc 2.12 refer to them.
 * Built as a shared library with glibc-compatibility.map and loaded through /etc/ld.so.preload.
 */
typedef __SIZE_TYPE__ size_t;

extern void *memmove(void *to, const void *from, size_t count);
extern int new_spawn(void *, const char *, const void *, const void *, char *const *, char *const *);
extern int new_spawnp(void *, const char *, const void *, const void *, char *const *, char *const *);
extern char *new_secure_getenv(const char *name);
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);

__asm__(".symver new_spawn, posix_spawn@GLIBC_2.15");
__asm__(".symver new_spawnp, posix_spawnp@GLIBC_2.15");
__asm__(".symver new_secure_getenv, secure_getenv@GLIBC_2.17");

void *
memcpy(void *to, const void *from, size_t count)
{
    return memmove(to, from, count);
}

char *
__secure_getenv(const char *name)
{
    return new_secure_getenv(name);
}

int
posix_spawn(void *pid, const char *path, const void *actions, const void *attributes, char *const *argv, char *const *env)
{
    return new_spawn(pid, path, actions, attributes, argv, env);
}

int
posix_spawnp(void *pid, const char *file, const void *actions, const void *attributes, char *const *argv, char *const *env)
{
    return new_spawnp(pid, file, actions, attributes, argv, env);
}

int
pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    return __register_atfork(prepare, parent, child, 0);
}
