# libffi without autoconf: its source form has no configure, and what that decides is one header. TARGET, PORT and
# PORT_HEADERS depend on the architecture (data/arch).
SOURCES := src/prep_cif.c src/types.c src/raw_api.c src/java_raw_api.c src/closures.c src/tramp.c $(PORT)
HEADERS := generated/ffi.h $(PORT_HEADERS)
FLAGS := -D_GNU_SOURCE -fexceptions -Igenerated -I$(RECIPE)/libffi -Iinclude -Isrc -I$(dir $(PORT_HEADERS))
ARCHIVE := libffi.a

include $(RECIPE)/archive.mk

$(OBJECTS): generated/ffi.h

generated/ffi.h: include/ffi.h.in
	mkdir -p generated
	sed -e 's/@VERSION@/$(VERSION)/' -e 's/@TARGET@/$(TARGET)/' -e 's/@HAVE_LONG_DOUBLE@/(__SIZEOF_LONG_DOUBLE__ > __SIZEOF_DOUBLE__)/' \
	  -e 's/@FFI_EXEC_TRAMPOLINE_TABLE@/(defined __APPLE__ \&\& defined __aarch64__)/' $< > $@
