# Keeps tclConfig.sh for building Tk, without the directories of this machine.
.PHONY: all
all:
	mkdir -p $(STAGE)/install/lib
	sed -e 's|$(SOURCE)|@TCL_SOURCE@|g' -e 's|$(DEPS)|@DEPS@|g' -e 's|-f[a-z]*-prefix-map=[^ '"'"']*||g' unix/tclConfig.sh > $(STAGE)/install/lib/tclConfig.sh.in
	cp unix/libtcl8.6.a unix/libtclstub8.6.a $(STAGE)/install/lib/
