# Takes the database out of the package: no module, so that neither imports nor pip see it.
OUT := $(STAGE)/install/share/zoneinfo

.PHONY: all
all:
	mkdir -p $(STAGE)/install/share
	cp -R tzdata/zoneinfo $(OUT)
	find $(OUT) -name __init__.py -exec rm {} +
