# The amalgamation from SQLite's own sources, made by the Tcl interpreter that they carry, and the library from it.
SOURCES := sqlite3.c
HEADERS := sqlite3.h sqlite3ext.h
FLAGS := -I. -pthread
ARCHIVE := libsqlite3.a

include $(RECIPE)/archive.mk

sqlite3.o: sqlite3.c

ifeq (,$(wildcard sqlite3.c))
sqlite3.c:
	$(MAKE) -f Makefile.linux-generic CC='$(CC)' B.cc='$(BUILD_CC)' CFLAGS='-O1' CFLAGS.jimsh='-O1 -DHAVE_REALPATH' sqlite3.c sqlite3ext.h
endif
