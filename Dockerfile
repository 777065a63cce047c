# One image for every program of this repository: a static binary on an empty root, run as nobody in particular.
#
#   make build && docker build --build-arg BINARY=assistant -t plimsoll/assistant .
#
# The binaries carry their CA roots (golang.org/x/crypto/x509roots/fallback); nothing is pulled.
FROM scratch
ARG BINARY
ARG TARGET=/app
COPY hack/bin/${BINARY} ${TARGET}
USER 65532:65532
ENTRYPOINT ["/app"]
