/* Pseudo-terminals of libSystem (openpty(3) of macOS), which the headers at hand leave out. */
#ifndef SETUP_LOCAL_UTIL_H
#define SETUP_LOCAL_UTIL_H

#include <sys/cdefs.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

__BEGIN_DECLS
int openpty(int *controller, int *terminal, char *name, struct termios *settings, struct winsize *size);
pid_t forkpty(int *controller, char *name, struct termios *settings, struct winsize *size);
int login_tty(int descriptor);
__END_DECLS

#endif
