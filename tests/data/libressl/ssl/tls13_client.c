/* A line about the version of this file. */
/*
 * The licence of what is new.
 */

#include <openssl/ssl.h>

const char *SSL_version(void) { return LIBRESSL_VERSION_TEXT; }
