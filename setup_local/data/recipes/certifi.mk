# Takes the set as it is, and writes its version, which is its date, beside it.
OUT := $(STAGE)/install/share/certifi

.PHONY: all
all:
	mkdir -p $(OUT)
	cp certifi/cacert.pem $(OUT)/
	sed -n 's/^Version: //p' certifi-*.dist-info/METADATA > $(OUT)/VERSION
