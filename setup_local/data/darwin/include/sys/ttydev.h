/* Line speeds as 4.2BSD numbered them, for programs that keep one in a short (ncurses' `ospeed`); termios.h has the speeds
   themselves under the same names. macOS has such a header, and the headers at hand leave it out. */
#ifndef SETUP_LOCAL_TTYDEV_H
#define SETUP_LOCAL_TTYDEV_H

#ifdef USE_OLD_TTY
# define B0 0
# define B50 1
# define B75 2
# define B110 3
# define B134 4
# define B150 5
# define B200 6
# define B300 7
# define B600 8
# define B1200 9
# define B1800 10
# define B2400 11
# define B4800 12
# define B9600 13
# define EXTA 14
# define EXTB 15
# define B57600 16
# define B115200 17
#endif

#endif
