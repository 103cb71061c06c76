#include <openssl/ssl.h>
#include <tls.h>

int main(void) { return SSL_version() == 0 || tls_init(); }
