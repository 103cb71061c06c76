# liblzma alone, without the programs, their translations and their configure.
TABLES := %_small.c %_tablegen.c %_gen.c
DIRECTORIES := check common delta lz lzma rangecoder simple
SOURCES := $(filter-out $(TABLES),$(foreach name,$(DIRECTORIES),$(sort $(wildcard src/liblzma/$(name)/*.c))))
SOURCES += src/common/tuklib_cpucores.c src/common/tuklib_physmem.c
FLAGS := -DHAVE_CONFIG_H -DTUKLIB_SYMBOL_PREFIX=lzma_ -D_GNU_SOURCE -pthread -I$(RECIPE)/xz -Isrc/common -Isrc/liblzma/api \
  $(addprefix -Isrc/liblzma/,$(DIRECTORIES))
HEADERS := src/liblzma/api/lzma.h
ARCHIVE := liblzma.a

include $(RECIPE)/archive.mk

all: api
.PHONY: api
api:
	mkdir -p $(STAGE)/install/include/lzma
	cp src/liblzma/api/lzma/*.h $(STAGE)/install/include/lzma/
