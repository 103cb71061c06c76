# libpng without its configure, with the options that upstream ships, and without vector instructions: images in fonts are small.
SOURCES := png.c pngerror.c pngget.c pngmem.c pngpread.c pngread.c pngrio.c pngrtran.c pngrutil.c pngset.c pngtrans.c \
  pngwio.c pngwrite.c pngwtran.c pngwutil.c
HEADERS := png.h pngconf.h pnglibconf.h
FLAGS := -DPNG_INTEL_SSE_OPT=0 -DPNG_ARM_NEON_OPT=0 -DPNG_POWERPC_VSX_OPT=0 -I. -I$(DEPS)/include
ARCHIVE := libpng16.a

include $(RECIPE)/archive.mk

$(OBJECTS): pnglibconf.h

pnglibconf.h: scripts/pnglibconf.h.prebuilt
	cp $< $@
