/* Where a library finds what is bundled with the Python installation that it is part of.
 *
 * The installation may lie anywhere and may have been moved; the library may be linked into the interpreter, into a
 * shared libpython or into an extension module. So the way starts at the file that this very code was loaded from, as
 * the kernel tells (proc(5), /proc/self/maps; macOS: dladdr(3), which knows the real path), and goes up. Nothing is cached: callers only come here when the system
 * has not what they look for.
 */
#ifndef SETUP_LOCAL_INSTALLATION_H
#define SETUP_LOCAL_INSTALLATION_H

#ifdef __APPLE__
#include <dlfcn.h>
#endif
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* lib/python3.13/lib-dynload/x.so lies three directories below the prefix. */
#define SETUP_LOCAL_DEPTH 4

/* Cut the last component off a path; return 0 if there is none. */
static int
setup_local_parent(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return 0;
    *slash = '\0';
    return 1;
}

/* Write the path of the file that holds `code`; return 0 if the kernel does not tell. */
#ifdef __APPLE__
static int
setup_local_loaded_from(const void *code, char *path, size_t size)
{
    Dl_info info;
    char resolved[PATH_MAX];
    return dladdr(code, &info) && info.dli_fname != NULL && realpath(info.dli_fname, resolved) != NULL &&
           (size_t)snprintf(path, size, "%s", resolved) < size;
}
#else
static int
setup_local_loaded_from(const void *code, char *path, size_t size)
{
    char line[PATH_MAX + 128];
    unsigned long start, end;
    int name = 0, found = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return 0;
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &start, &end, &name) == 2 &&
            (uintptr_t)code >= start && (uintptr_t)code < end)
            found = line[name] == '/' && (size_t)snprintf(path, size, "%s", line + name) < size;
    }
    fclose(maps);
    return found;
}
#endif

/* In a virtual environment with a copied interpreter, go on in the `home` that its pyvenv.cfg names (PEP 405).
 *
 * That directory may hold only a link to the interpreter (/usr/local/bin/python3): follow it. */
static void
setup_local_leave_venv(char *directory, size_t size)
{
    static const char *const places[] = {"%s/pyvenv.cfg", "%s/../pyvenv.cfg"};
    char text[PATH_MAX + 64], home[PATH_MAX], program[PATH_MAX + 16], resolved[PATH_MAX];
    size_t i;
    for (i = 0; i < 2; i++) {
        FILE *file;
        if ((size_t)snprintf(text, sizeof text, places[i], directory) >= sizeof text || (file = fopen(text, "re")) == NULL)
            continue;
        while (fgets(text, sizeof text, file) != NULL)
            if (sscanf(text, " home = %4095[^\n]", home) == 1) {
                snprintf(directory, size, "%s", home);
                snprintf(program, sizeof program, "%s/python3", home);
                if (realpath(program, resolved) != NULL && setup_local_parent(resolved))
                    snprintf(directory, size, "%s", resolved);
            }
        fclose(file);
        return;
    }
}

/* Write the path of a bundled file or directory, given relative to the prefix, and return it; NULL if it is not there.
 * `buffer` should have PATH_MAX bytes.
 */
static const char *
setup_local_bundled(const char *relative, char *buffer, size_t size)
{
    char directory[PATH_MAX];
    int level;
    if (!setup_local_loaded_from((const void *)(uintptr_t)&setup_local_bundled, directory, sizeof directory) ||
        !setup_local_parent(directory))
        return NULL;
    setup_local_leave_venv(directory, sizeof directory);
    for (level = 0; level < SETUP_LOCAL_DEPTH; level++) {
        if ((size_t)snprintf(buffer, size, "%s/%s", directory, relative) < size && access(buffer, R_OK) == 0)
            return buffer;
        if (!setup_local_parent(directory))
            break;
    }
    return NULL;
}

#endif
