# libffi without autoconf: its source form has no configure, and what that decides is one header.
ifneq (,$(filter x86_64-%,$(HOST)))
TARGET := X86_64
PORT := src/x86/ffi64.c src/x86/unix64.S src/x86/ffiw64.c src/x86/win64.S
PORT_HEADERS := src/x86/ffitarget.h
else ifneq (,$(filter aarch64-%,$(HOST)))
TARGET := AARCH64
PORT := src/aarch64/ffi.c src/aarch64/sysv.S
PORT_HEADERS := src/aarch64/ffitarget.h
else
$(error this recipe does not know the architecture of $(HOST))
endif

SOURCES := src/prep_cif.c src/types.c src/raw_api.c src/java_raw_api.c src/closures.c src/tramp.c $(PORT)
HEADERS := generated/ffi.h $(PORT_HEADERS)
FLAGS := -D_GNU_SOURCE -fexceptions -Igenerated -I$(RECIPE)/libffi -Iinclude -Isrc -I$(dir $(PORT_HEADERS))
ARCHIVE := libffi.a

include $(RECIPE)/archive.mk

$(OBJECTS): generated/ffi.h

generated/ffi.h: include/ffi.h.in
	mkdir -p generated
	sed -e 's/@VERSION@/$(VERSION)/' -e 's/@TARGET@/$(TARGET)/' -e 's/@HAVE_LONG_DOUBLE@/1/' \
	  -e 's/@FFI_EXEC_TRAMPOLINE_TABLE@/0/' $< > $@
