# libXft without its configure.
SOURCES := $(sort $(wildcard src/*.c))
HEADERS := include/X11/Xft/Xft.h include/X11/Xft/XftCompat.h
SUBDIR := X11/Xft
FLAGS := -D_GNU_SOURCE -DHAVE_STRING_H=1 -DHAVE_STRINGS_H=1 -Iinclude/X11/Xft -Iinclude -I$(DEPS)/include -I$(DEPS)/include/freetype2
ARCHIVE := libXft.a

include $(RECIPE)/archive.mk
