/* Terminal descriptions for systems that have none: those compiled in, then the files bundled with the installation.
 *
 * Included by ncurses' read_entry.c, whose static functions it uses, and called after the user's and the system's
 * directories had nothing.
 */
#include <installation.h>

#define BUNDLED_DIRECTORY "share/terminfo"
#define HEADER_BYTES 12 /* term(5): what stands before the names in a compiled entry */

/* The recipe writes this file with ncurses' own compiler of descriptions. That program is built first, with the same
 * library, which has none compiled in then. */
#if __has_include(<compiled_in.h>)
#include <compiled_in.h>
#else
static const struct { const unsigned char *bytes; int size; } compiled_in[1];
#endif

static int
read_compiled_in(const char *name, TERMTYPE2 *entry)
{
    size_t i;
    for (i = 0; i < sizeof compiled_in / sizeof *compiled_in; i++) {
        const char *bytes = (const char *)compiled_in[i].bytes;
        if (bytes != NULL && _nc_name_match(bytes + HEADER_BYTES, name, "|"))
            return _nc_read_termtype(entry, (char *)bytes, compiled_in[i].size); /* reads only */
    }
    return TGETENT_NO;
}

/* Find an entry; `code` is what the search in the directories ended with. A program with the rights of somebody else
 * does not look around where it lies: whoever may put it there could choose the files. */
static int
read_bundled(const char *name, char *filename, TERMTYPE2 *entry, int code)
{
    char directory[PATH_MAX];
    int found = read_compiled_in(name, entry);
    if (found == TGETENT_YES) {
        _nc_STRCPY(filename, "(compiled in)", PATH_MAX);
        return found;
    }
    if (!use_terminfo_vars() || setup_local_bundled(BUNDLED_DIRECTORY, directory, sizeof directory) == NULL)
        return code;
    return _nc_read_tic_entry(filename, PATH_MAX, directory, name, entry);
}
