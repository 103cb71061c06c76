# The headers of the X protocols. The upstream form has a template of Xpoll.h, which its configure would fill.
.PHONY: all
all:
	mkdir -p $(STAGE)/install/include
	cp -RL include/X11 $(STAGE)/install/include/
	test -f include/X11/Xpoll.h || sed -e 's/@USE_FDS_BITS@/__fds_bits/' include/X11/Xpoll.h.in > $(STAGE)/install/include/X11/Xpoll.h
