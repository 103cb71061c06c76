/* Where this system keeps the certificates of the authorities that it trusts, and what to take where it has none.
 *
 * Systems agree on the format but not on the place. A TLS library knows one place, chosen when it is compiled; this
 * looks at all that are in use, each time it is asked, because a store may appear while a program runs. Only the path of
 * the bundled set is kept: it takes more to find.
 *
 * The names of both lists are also in data/doctor/host.toml.
 */
#ifndef SETUP_LOCAL_CERTIFICATES_H
#define SETUP_LOCAL_CERTIFICATES_H

#include "installation.h"
#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>

#define SETUP_LOCAL_BUNDLED_CERTIFICATES "share/certifi/cacert.pem"

typedef char *setup_local_getenv(const char *name);

static const char *const setup_local_certificate_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/cacert.pem",
    "/etc/openssl/certs/ca-certificates.crt",
    "/usr/local/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/ssl/cert.pem",
};

/* Directories with a file for each authority, named by the hash of its name (openssl-rehash(1)). */
static const char *const setup_local_certificate_directories[] = {
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/extracted/pem/directory-hash",
    "/etc/pki/tls/certs",
    "/var/lib/ca-certificates/pem",
    "/etc/openssl/certs",
};

static pthread_once_t setup_local_bundle_once = PTHREAD_ONCE_INIT;
static char setup_local_bundle[PATH_MAX];
static const char *setup_local_bundle_found;

static void
setup_local_find_bundle(void)
{
    setup_local_bundle_found =
        setup_local_bundled(SETUP_LOCAL_BUNDLED_CERTIFICATES, setup_local_bundle, sizeof setup_local_bundle);
}

/* Tell whether a file is there, is not empty, and can be read. An empty one is often only the place for a mount. */
static int
setup_local_is_store(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && file.st_size > 0 && access(path, R_OK) == 0;
}

/* Tell whether a directory entry is named like `5ed36f99.0`. */
static int
setup_local_is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && isdigit((unsigned char)name[9]);
}

/* Return the first directory that holds authorities by hash, NULL if there is none. */
static const char *
setup_local_hashed_directory(void)
{
    size_t i;
    for (i = 0; i < sizeof setup_local_certificate_directories / sizeof *setup_local_certificate_directories; i++) {
        const char *path = setup_local_certificate_directories[i];
        struct dirent *entry;
        int found = 0;
        DIR *directory = opendir(path);
        if (directory == NULL)
            continue;
        while (!found && (entry = readdir(directory)) != NULL)
            found = setup_local_is_hashed(entry->d_name);
        closedir(directory);
        if (found)
            return path;
    }
    return NULL;
}

/* With one of these two set, the user has decided; the library then does what it always does. */
static int
setup_local_store_is_given(setup_local_getenv *variable)
{
    return variable("SSL_CERT_FILE") != NULL || variable("SSL_CERT_DIR") != NULL;
}

/* Return the file of certificates to trust: the system's, or the bundled one, or `usual`. */
static const char *
setup_local_certificate_file(const char *usual, setup_local_getenv *variable)
{
    const char *unwanted;
    size_t i;
    if (setup_local_store_is_given(variable))
        return usual;
    for (i = 0; i < sizeof setup_local_certificate_files / sizeof *setup_local_certificate_files; i++)
        if (setup_local_is_store(setup_local_certificate_files[i]))
            return setup_local_certificate_files[i];
    if (setup_local_hashed_directory() != NULL)
        return usual;
    unwanted = variable("SSL_NO_BUNDLED_CERTS");
    if (unwanted != NULL && *unwanted != '\0')
        return usual;
    pthread_once(&setup_local_bundle_once, setup_local_find_bundle);
    return setup_local_bundle_found != NULL ? setup_local_bundle_found : usual;
}

/* Return the directory of certificates to trust: the system's, or `usual`. */
static const char *
setup_local_certificate_directory(const char *usual, setup_local_getenv *variable)
{
    const char *found = setup_local_store_is_given(variable) ? NULL : setup_local_hashed_directory();
    return found != NULL ? found : usual;
}

#endif
