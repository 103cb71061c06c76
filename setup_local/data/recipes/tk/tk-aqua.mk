# Gives Tk's configure the Tcl that was built before: its source tree, and how it was configured.
.PHONY: all
all:
	mkdir -p tclconfig
	sed -e 's|@TCL_SOURCE@|$(TCL)|g' -e 's|@DEPS@|$(DEPS)|g' $(DEPS)/lib/tclConfig.sh.in > tclconfig/tclConfig.sh
