# FreeType without its configure: each module is one file that includes the others.
BASE := ftbase ftbbox ftbdf ftbitmap ftcid ftdebug ftfstype ftgasp ftglyph ftgxval ftinit ftmm ftotval ftpatent ftpfr \
  ftstroke ftsynth fttype1 ftwinfnt
MODULES := autofit/autofit bdf/bdf bzip2/ftbzip2 cff/cff cid/type1cid gzip/ftgzip lzw/ftlzw pcf/pcf pfr/pfr psaux/psaux \
  pshinter/pshinter psnames/psnames raster/raster sfnt/sfnt smooth/smooth truetype/truetype type1/type1 type42/type42 \
  winfonts/winfnt
SOURCES := $(BASE:%=src/base/%.c) $(MODULES:%=src/%.c) builds/unix/ftsystem.c
FLAGS := -DFT2_BUILD_LIBRARY -DHAVE_UNISTD_H=1 -DHAVE_FCNTL_H=1 -Iinclude -I$(DEPS)/include
ARCHIVE := libfreetype.a
SUBDIR := freetype2
HEADERS := include/ft2build.h

include $(RECIPE)/archive.mk

all: headers
.PHONY: headers
headers:
	mkdir -p $(INCLUDE)
	cp -RL include/freetype $(INCLUDE)/
