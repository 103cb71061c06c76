# fontconfig without its configure, programs and translations.
SOURCES := $(sort $(filter-out src/fcarch.c,$(wildcard src/*.c)))
HEADERS := fontconfig/fontconfig.h fontconfig/fcprivate.h fontconfig/fcfreetype.h
SUBDIR := fontconfig
FLAGS := -DHAVE_CONFIG_H -w -I$(RECIPE)/fontconfig -I. -Isrc -Igenerated -I$(DEPS)/include -I$(DEPS)/include/freetype2 -pthread
ARCHIVE := libfontconfig.a

include $(RECIPE)/archive.mk

# Aliases keep calls inside a shared library from leaving it; a static one needs none.
ALIASES := $(addprefix generated/,fcalias.h fcaliastail.h fcftalias.h fcftaliastail.h)

$(OBJECTS): $(ALIASES)

$(ALIASES):
	mkdir -p generated
	touch $@
