#include <openssl/opensslv.h>

const char *SSL_version(void);
