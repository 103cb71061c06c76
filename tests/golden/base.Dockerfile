# Tiny 1: the packages of tiny as they were at 20180601T000000Z, and nothing else.
FROM scratch
ADD root.tar /
ENV PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C TZ=UTC HOME=/nonexistent
LABEL setup-local.environment=tiny setup-local.root=SHA256
CMD ["/bin/sh"]
