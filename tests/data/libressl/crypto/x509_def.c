#include <openssl/opensslv.h>

#ifndef __SSP_STRONG__
#error "the stack is not protected"
#endif

const char *X509_get_default_cert_file(void) { return OPENSSLDIR "/cert.pem"; }
const char *where_it_was_compiled(void) { return __FILE__; }
