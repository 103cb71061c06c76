# libmpdec alone: its configure decides about the word size and the inline assembler only, which MACHINE says (data/arch).
SOURCES := $(addprefix libmpdec/,basearith.c context.c constants.c convolute.c crt.c mpdecimal.c mpsignal.c difradix2.c \
  fnt.c fourstep.c io.c mpalloc.c numbertheory.c sixstep.c transpose.c)
HEADERS := libmpdec/mpdecimal.h
FLAGS := $(MACHINE) -Ilibmpdec
ARCHIVE := libmpdec.a

include $(RECIPE)/archive.mk

$(OBJECTS): libmpdec/mpdecimal.h

libmpdec/mpdecimal.h: libmpdec/mpdecimal.h.in
	sed -e 's/@MPD_HEADER_CONFIG@/#define MPD_CONFIG_$(if $(filter -DCONFIG_32,$(MACHINE)),32,64) 1/' $< > $@
