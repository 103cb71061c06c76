# Installs what was built of OpenSSL; its own installation would build and install programs too.
.PHONY: all
all:
	mkdir -p $(STAGE)/install/lib $(STAGE)/install/include/openssl
	cp libssl.a libcrypto.a $(STAGE)/install/lib/
	cp include/openssl/*.h $(STAGE)/install/include/openssl/
