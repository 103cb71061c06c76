int tls_init(void);
