# libmpdec alone: its configure decides about the word size and the inline assembler only.
ARCHITECTURE := $(firstword $(subst -, ,$(HOST)))
MACHINE_x86_64 := -DCONFIG_64 -DASM
MACHINE_aarch64 := -DCONFIG_64 -DANSI -DHAVE_UINT128_T
MACHINE := $(or $(MACHINE_$(ARCHITECTURE)),$(error this recipe does not know the architecture of $(HOST)))

SOURCES := $(addprefix libmpdec/,basearith.c context.c constants.c convolute.c crt.c mpdecimal.c mpsignal.c difradix2.c \
  fnt.c fourstep.c io.c mpalloc.c numbertheory.c sixstep.c transpose.c)
HEADERS := libmpdec/mpdecimal.h
FLAGS := $(MACHINE) -Ilibmpdec
ARCHIVE := libmpdec.a

include $(RECIPE)/archive.mk

$(OBJECTS): libmpdec/mpdecimal.h

libmpdec/mpdecimal.h: libmpdec/mpdecimal.h.in
	sed -e 's/@MPD_HEADER_CONFIG@/#define MPD_CONFIG_64 1/' $< > $@
