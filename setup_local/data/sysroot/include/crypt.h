/* Interface of libcrypt.so.1, which newer C libraries no longer declare. */
#ifndef _CRYPT_H
#define _CRYPT_H 1

#include <features.h>

__BEGIN_DECLS

/* As large as the largest that any implementation of this interface writes to. */
struct crypt_data {
    char keysched[16 * 8];
    char sb0[32768];
    char sb1[32768];
    char sb2[32768];
    char sb3[32768];
    char crypt_3_buf[14];
    char current_salt[2];
    long int current_saltbits;
    int direction, initialized;
};

extern char *crypt(const char *__phrase, const char *__salt) __THROW __nonnull((1, 2));
extern void setkey(const char *__key) __THROW __nonnull((1));
extern void encrypt(char *__block, int __edflag) __THROW __nonnull((1));
extern char *crypt_r(const char *__phrase, const char *__salt, struct crypt_data *__restrict __data)
    __THROW __nonnull((1, 2, 3));
extern void setkey_r(const char *__key, struct crypt_data *__restrict __data) __THROW __nonnull((1, 2));
extern void encrypt_r(char *__block, int __edflag, struct crypt_data *__restrict __data) __THROW __nonnull((1, 3));

__END_DECLS

#endif
