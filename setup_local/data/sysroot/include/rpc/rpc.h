/* The part of Sun RPC that NIS clients use; the functions are in the C library, for old programs. */
#ifndef _RPC_RPC_H
#define _RPC_RPC_H 1

#include <sys/time.h>
#include <sys/types.h>

__BEGIN_DECLS

typedef int bool_t;
typedef int enum_t;

#ifndef FALSE
#define FALSE 0
#endif
#ifndef TRUE
#define TRUE 1
#endif

typedef struct XDR XDR;
typedef bool_t (*xdrproc_t)(XDR *, void *, ...);

extern bool_t xdr_enum(XDR *__xdrs, enum_t *__value) __THROW;
extern bool_t xdr_string(XDR *__xdrs, char **__value, u_int __maximum) __THROW;
extern bool_t xdr_pointer(XDR *__xdrs, char **__object, u_int __size, xdrproc_t __proc) __THROW;

enum clnt_stat { RPC_SUCCESS = 0 };

struct rpc_err;
typedef struct CLIENT CLIENT;

struct CLIENT {
    void *cl_auth;
    const struct clnt_ops {
        enum clnt_stat (*cl_call)(CLIENT *, u_long, xdrproc_t, char *, xdrproc_t, char *, struct timeval);
        void (*cl_abort)(void);
        void (*cl_geterr)(CLIENT *, struct rpc_err *);
        bool_t (*cl_freeres)(CLIENT *, xdrproc_t, char *);
        void (*cl_destroy)(CLIENT *);
        bool_t (*cl_control)(CLIENT *, int, char *);
    } *cl_ops;
    char *cl_private;
};

#define clnt_call(client, proc, in, in_data, out, out_data, timeout) \
    ((client)->cl_ops->cl_call((client), (proc), (in), (in_data), (out), (out_data), (timeout)))
#define clnt_destroy(client) ((client)->cl_ops->cl_destroy(client))

extern CLIENT *clnt_create(const char *__host, u_long __program, u_long __version, const char *__transport) __THROW;
extern char *clnt_spcreateerror(const char *__message) __THROW;

__END_DECLS

#endif
