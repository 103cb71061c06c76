/* The NIS client interface of libnsl.so.1. */
#ifndef _RPCSVC_YPCLNT_H
#define _RPCSVC_YPCLNT_H 1

#include <features.h>

__BEGIN_DECLS

struct ypall_callback {
    int (*foreach)(int __status, char *__key, int __key_length, char *__value, int __value_length, char *__data);
    char *data;
};

extern int yp_bind(const char *__domain) __THROW;
extern void yp_unbind(const char *__domain) __THROW;
extern int yp_get_default_domain(char **__domain) __THROW;
extern int yp_match(const char *__domain, const char *__map, const char *__key, const int __key_length,
                    char **__value, int *__value_length) __THROW;
extern int yp_first(const char *__domain, const char *__map, char **__key, int *__key_length, char **__value,
                    int *__value_length) __THROW;
extern int yp_next(const char *__domain, const char *__map, const char *__key, const int __key_length,
                   char **__next_key, int *__next_key_length, char **__value, int *__value_length) __THROW;
extern int yp_master(const char *__domain, const char *__map, char **__master) __THROW;
extern int yp_order(const char *__domain, const char *__map, unsigned int *__order) __THROW;
extern int yp_all(const char *__domain, const char *__map, const struct ypall_callback *__callback) __THROW;
extern const char *yperr_string(const int __error) __THROW;
extern int ypprot_err(const int __status) __THROW;

__END_DECLS

#endif
