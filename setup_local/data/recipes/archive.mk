# Compiles C and assembler files into one static library, and installs it with its headers.
# For libraries whose own build system takes longer than their compilation. Run in the source tree:
#
#   make -f archive.mk ARCHIVE=libz.a SOURCES="a.c b.c" HEADERS="zlib.h" [FLAGS="-I."] [SUBDIR=X11]
#
# CC, AR and CFLAGS come from the environment; STAGE is where `/install` is put together.

OBJECTS := $(addsuffix .o,$(basename $(SOURCES)))
INCLUDE := $(STAGE)/install/include/$(SUBDIR)

.PHONY: all
all: $(STAGE)/install/lib/$(ARCHIVE)

$(STAGE)/install/lib/$(ARCHIVE): $(OBJECTS)
	mkdir -p $(STAGE)/install/lib $(INCLUDE)
	rm -f $@
	$(AR) rcsD $@ $(OBJECTS)
	$(if $(HEADERS),cp $(HEADERS) $(INCLUDE)/)

%.o: %.c
	$(CC) $(CFLAGS) $(FLAGS) -c $< -o $@

%.o: %.S
	$(CC) $(CFLAGS) $(FLAGS) -c $< -o $@
