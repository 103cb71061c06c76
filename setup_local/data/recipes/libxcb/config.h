/* What configure would find for libxcb on Linux; no XDM-AUTHORIZATION, whose library nothing else here needs. */
#define _GNU_SOURCE 1
#define HAVE_ABSTRACT_SOCKETS 1
#define HAVE_GETADDRINFO 1
#define HAVE_SENDMSG 1
#define USE_POLL 1
#define GCC_HAS_VISIBILITY 1
#define XCB_QUEUE_BUFFER_SIZE 16384
