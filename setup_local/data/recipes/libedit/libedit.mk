# libedit without its configure, which does not know ncurses by its wide name. Run in `src`.
SOURCES := chared.c common.c el.c eln.c emacs.c hist.c keymacro.c map.c chartype.c parse.c prompt.c read.c refresh.c \
  search.c sig.c terminal.c tty.c vi.c reallocarr.c tokenizer.c tokenizern.c history.c historyn.c filecomplete.c \
  readline.c literal.c strlcpy.c strlcat.c vis.c unvis.c
HEADERS := histedit.h
FLAGS := -I$(RECIPE)/libedit -I. -include $(RECIPE)/libedit/config.h -I$(DEPS)/include
ARCHIVE := libedit.a

include $(RECIPE)/archive.mk

MAKELIST := AWK=awk sh ./makelist
EDITORS := vi.h emacs.h common.h

$(OBJECTS): $(EDITORS) fcns.h help.h func.h

$(EDITORS): %.h: %.c
	$(MAKELIST) -h $< > $@
fcns.h: $(EDITORS)
	$(MAKELIST) -fh $(EDITORS) > $@
func.h: $(EDITORS)
	$(MAKELIST) -fc $(EDITORS) > $@
help.h:
	$(MAKELIST) -bh $(EDITORS:.h=.c) > $@

all: editline
.PHONY: editline
editline:
	mkdir -p $(STAGE)/install/include/editline
	cp editline/readline.h $(STAGE)/install/include/editline/
