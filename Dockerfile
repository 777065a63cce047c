# One image for every program of this repository: a static binary on an empty root, run as nobody in particular.
#
#   docker build --build-arg PROGRAM=controller -t plimsoll/controller .
#
# compiles it (BuildKit keeps modules and objects between builds). A binary that is there already, as in `make demo` and
# `make release`, is only copied:
#
#   docker build --target prebuilt --build-arg BINARY=controller -t plimsoll/controller -f Dockerfile hack/bin
#
# The binaries carry their CA roots (golang.org/x/crypto/x509roots/fallback).

# An image with Go and a shell, from wherever Docker looks for images: the only one that is pulled, and only to compile.
ARG GO_IMAGE=golang:1.26-alpine

FROM scratch AS prebuilt
ARG BINARY
ARG TARGET=/app
COPY ${BINARY} ${TARGET}
USER 65532:65532
ENTRYPOINT ["/app"]

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS compile
WORKDIR /src
ARG GOPROXY=
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY cmd cmd
COPY internal internal
ARG PROGRAM=assistant
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /app ./cmd/$PROGRAM

FROM scratch
COPY --from=compile /app /app
USER 65532:65532
ENTRYPOINT ["/app"]
