# libX11 without its configure, documentation and locale data (those are the host's, in /usr/share/X11).
INPUT := $(sort $(wildcard modules/im/ximcp/*.c)) src/xlibi18n/xim_trans.c
CORE := $(filter-out src/os2Stubs.c src/x11_xcb.c,$(sort $(wildcard src/*.c)))
INTERNATIONAL := $(filter-out src/xlibi18n/XlcDL.c src/xlibi18n/XlcSL.c $(INPUT),$(sort $(wildcard src/xlibi18n/*.c)))
MODULES := $(sort $(wildcard modules/lc/*/*.c modules/om/generic/*.c))
EXTENSIONS := $(sort $(wildcard src/xcms/*.c src/xkb/*.c))
SOURCES := $(CORE) $(INTERNATIONAL) $(INPUT) $(MODULES) $(EXTENSIONS)

HEADERS := $(addprefix include/X11/,XKBlib.h Xcms.h Xlib.h Xlibint.h Xlocale.h Xresource.h Xutil.h cursorfont.h Xregion.h ImUtil.h) \
  $(RECIPE)/libx11/XlibConf.h
SUBDIR := X11
FLAGS := -DHAVE_CONFIG_H -D_BSD_SOURCE -pthread -w -I$(RECIPE)/libx11 -Iinclude -Iinclude/X11 -Isrc -Isrc/xcms -Isrc/xkb \
  -Isrc/xlibi18n -Igenerated -I$(DEPS)/include -I$(DEPS)/include/X11
ARCHIVE := libX11.a
KEYSYMS := $(addprefix $(DEPS)/include/X11/,keysymdef.h XF86keysym.h Sunkeysym.h DECkeysym.h HPkeysym.h)

include $(RECIPE)/archive.mk

$(CORE:.c=.o): FLAGS += -DX11_t -DTRANS_CLIENT
$(INPUT:.c=.o): FLAGS += -DXIM_t -DTRANS_CLIENT
$(OBJECTS): generated/ks_tables.h generated/X11/XlibConf.h

generated/X11/XlibConf.h: $(RECIPE)/libx11/XlibConf.h
	mkdir -p $(dir $@)
	cp $< $@

generated/ks_tables.h: src/util/makekeys.c
	mkdir -p generated
	$(BUILD_CC) -O1 -w -I$(DEPS)/include -Iinclude -o generated/makekeys $<
	generated/makekeys $(KEYSYMS) > $@

all: geometry
.PHONY: geometry
geometry:
	mkdir -p $(STAGE)/install/include/X11/extensions
	cp include/X11/extensions/XKBgeom.h $(STAGE)/install/include/X11/extensions/
