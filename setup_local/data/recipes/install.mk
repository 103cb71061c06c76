# Copies files as they are: make -f install.mk STAGE=... FROM=DIR INTO=include/X11/Xtrans FILES="a.h b.c"
.PHONY: all
all:
	mkdir -p $(STAGE)/install/$(INTO)
	cp -RL $(addprefix $(FROM)/,$(FILES)) $(STAGE)/install/$(INTO)/
