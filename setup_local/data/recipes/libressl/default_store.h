/* Whom CPython trusts by default where it is linked with LibreSSL.
 *
 * LibreSSL knows one file and one directory of certificates, from when it was compiled, and does not heed SSL_CERT_FILE
 * and SSL_CERT_DIR by itself. CPython's `_ssl.c` asks the functions below instead, so that the answers are the same as
 * with OpenSSL: the user's variables, else what the system has, else the bundled set (certificates.h).
 */
#ifndef SETUP_LOCAL_DEFAULT_STORE_H
#define SETUP_LOCAL_DEFAULT_STORE_H

#include "certificates.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* Return a variable of the environment, unless somebody else than the user of this process has set it. */
static char *
setup_local_own_getenv(const char *name)
{
    return getuid() == geteuid() && getgid() == getegid() ? getenv(name) : NULL;
}

/* Return the file that is trusted if SSL_CERT_FILE is not set. */
static const char *
setup_local_default_cert_file(void)
{
    return setup_local_certificate_file(X509_get_default_cert_file(), setup_local_own_getenv);
}

/* Return the directory that is trusted if SSL_CERT_DIR is not set. */
static const char *
setup_local_default_cert_dir(void)
{
    return setup_local_certificate_directory(X509_get_default_cert_dir(), setup_local_own_getenv);
}

/* Do what SSL_CTX_set_default_verify_paths does in OpenSSL: what cannot be read is passed over; return 0 for no memory. */
static int
setup_local_set_default_verify_paths(SSL_CTX *context)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP *files = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    X509_LOOKUP *directories = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    const char *file = setup_local_own_getenv(X509_get_default_cert_file_env());
    const char *directory = setup_local_own_getenv(X509_get_default_cert_dir_env());
    if (files == NULL || directories == NULL)
        return 0;
    (void)X509_LOOKUP_load_file(files, file != NULL ? file : setup_local_default_cert_file(), X509_FILETYPE_PEM);
    (void)X509_LOOKUP_add_dir(
        directories, directory != NULL ? directory : setup_local_default_cert_dir(), X509_FILETYPE_PEM);
    ERR_clear_error();
    return 1;
}

#endif
