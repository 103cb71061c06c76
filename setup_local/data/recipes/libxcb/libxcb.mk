# The core of libxcb: its protocol code is generated from the descriptions in PROTO by the Python package that
# GENERATOR is (`.../xcbgen`). Run in `src`.
CORE := xcb_conn xcb_out xcb_in xcb_ext xcb_xid xcb_list xcb_util xcb_auth
PROTOCOLS := xproto bigreq xc_misc
SOURCES := $(addsuffix .c,$(CORE) $(PROTOCOLS))
HEADERS := xcb.h xcbext.h $(addsuffix .h,$(PROTOCOLS))
SUBDIR := xcb
FLAGS := -DHAVE_CONFIG_H -pthread -I$(RECIPE)/libxcb -I. -I$(DEPS)/include
ARCHIVE := libxcb.a

include $(RECIPE)/archive.mk

$(OBJECTS): $(addsuffix .c,$(PROTOCOLS))

$(addsuffix .c,$(PROTOCOLS)): %.c:
	mkdir -p man
	$(PYTHON) c_client.py -c "libxcb $(VERSION)" -l "X Version 11" -s 3 -p $(dir $(GENERATOR)) $(PROTO)/$*.xml
