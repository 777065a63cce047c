#!/bin/sh
# Makes what a release publishes, in $DIST (dist): one commit, Go and tools make the same bytes every time.
#
#   VERSION=v0.2.0 hack/release.sh
#
# DRY_RUN=1 allows a checkout with changes. PLATFORMS, PROGRAMS and IMAGES name a part of it, as its test does.
# GNU tar and gzip, git, helm and cyclonedx-gomod in hack/bin (make tools); for IMAGES, buildah.
set -eu
cd "$(dirname "$0")/.."
: "${VERSION:?is the version, such as VERSION=v0.2.0}" "${DIST:=dist}"
: "${PLATFORMS=linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64}"
: "${PROGRAMS=assistant controller kubectl-plimsoll}" "${IMAGES=assistant controller}"
echo "$VERSION" | grep -qxE 'v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?' ||
	{ echo "VERSION=$VERSION is not of the form v1.2.3 or v1.2.3-rc.1" >&2; exit 1; }
[ "${DRY_RUN:-}" ] || [ -z "$(git status --porcelain)" ] ||
	{ echo "this checkout has changes: commit them, or try it with DRY_RUN=1" >&2; exit 1; }

umask 022
export CGO_ENABLED=0 GOFLAGS=-trimpath LC_ALL=C
unset GOOS GOARCH GOAMD64 GOARM64
epoch=$(git log -1 --format=%ct)
home=$(sed -n 's/^home: //p' charts/plimsoll/Chart.yaml)
rm -rf "$DIST"
mkdir -p "$DIST"
dist=$(cd "$DIST" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# pack writes the named files of a folder into a tar whose bytes depend on nothing else: FOLDER FILE...
pack() {
	folder=$1
	shift
	tar --format=ustar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w -C "$folder" -cf - "$@"
}

# The services run in clusters, on Linux; the plugin runs where people do.
for platform in $PLATFORMS; do
	os=${platform%/*} arch=${platform#*/}
	for program in $PROGRAMS; do
		[ "$os" = linux ] || [ "$program" = kubectl-plimsoll ] || continue
		name=${program}_${VERSION}_${os}_$arch
		binary=$program
		[ "$os" != windows ] || binary=$program.exe
		mkdir "$work/$name"
		GOOS=$os GOARCH=$arch go build -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o "$work/$name/$binary" "./cmd/$program"
		hack/bin/cyclonedx-gomod bin -json -std -noserial -notimestamp -version "$VERSION" \
			-output "$dist/$name.cdx.json" "$work/$name/$binary"
		cp LICENSE NOTICE "$work/$name/"
		pack "$work/$name" "$binary" LICENSE NOTICE >"$dist/$name.tar"
		gzip -n "$dist/$name.tar"
		echo "$name"
	done
done

# The Dockerfile's images, one archive of all platforms each. It names its image as the chart does where no registry is given.
image() {
	buildah --storage-driver vfs --root "$work/store/root" --runroot "$work/store/run" "$@"
}
for program in $IMAGES; do
	for platform in $PLATFORMS; do
		case $platform in linux/*) ;; *) continue ;; esac
		image bud --isolation chroot --quiet --target prebuilt --file Dockerfile --platform "$platform" --timestamp "$epoch" \
			--identity-label=false --label "org.opencontainers.image.version=$VERSION" --label "org.opencontainers.image.source=$home" \
			--label "org.opencontainers.image.revision=$(git rev-parse HEAD)" --label org.opencontainers.image.licenses=Apache-2.0 \
			--build-arg "BINARY=$program" --manifest "localhost/$program" "$work/${program}_${VERSION}_linux_${platform#*/}" >/dev/null
	done
	image manifest push --quiet --all "localhost/$program" "oci:$work/$program:localhost/plimsoll/$program:$VERSION" >/dev/null
	pack "$work/$program" oci-layout index.json blobs >"$dist/${program}_${VERSION}_oci.tar"
	echo "${program}_${VERSION}_oci"
done

# Helm keeps the times of the files, of which a checkout's are those of the checkout.
for chart in charts/*/; do
	copy=$work/$chart
	mkdir -p "$copy"
	cp -R "$chart." "$copy"
	find "$copy" -exec touch -d "@$epoch" {} +
	hack/bin/helm package "$copy" --version "${VERSION#v}" --app-version "$VERSION" --destination "$dist" >/dev/null
	echo "$(basename "$chart")-${VERSION#v}"
done

# krew's manifest, of the archives that there are.
{
	cat <<-END
		apiVersion: krew.googlecontainertools.github.com/v1alpha2
		kind: Plugin
		metadata:
		  name: plimsoll
		spec:
		  version: $VERSION
		  homepage: $home
		  shortDescription: Check, backtest and explain alert thresholds
		  description: |
		    Validates AlertThresholds without a cluster, shows how often each level would
		    have fired, recommends levels, and says why an alert does not fire.
		  platforms:
	END
	for archive in "$dist"/kubectl-plimsoll_*.tar.gz; do
		[ -f "$archive" ] || continue
		file=${archive##*/}
		platform=${file#"kubectl-plimsoll_${VERSION}_"}
		platform=${platform%.tar.gz}
		binary=kubectl-plimsoll
		[ "${platform%_*}" != windows ] || binary=kubectl-plimsoll.exe
		cat <<-END
			  - selector: {matchLabels: {os: ${platform%_*}, arch: ${platform#*_}}}
			    uri: $home/releases/download/$VERSION/$file
			    sha256: $(sha256sum <"$archive" | cut -d' ' -f1)
			    bin: $binary
		END
	done
} >"$dist/plimsoll.yaml"

cd "$dist"
sha256sum -- * >"$work/checksums.txt"
mv "$work/checksums.txt" checksums.txt
