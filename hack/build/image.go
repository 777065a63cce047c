package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// ImagePrefix starts the name of every image that is made here: no registry answers to it, so nothing is ever pulled.
const ImagePrefix = "localhost/plimsoll/"

// ImageTag is the tag of every image that is made here.
const ImageTag = "dev"

// images maps an image to where its binary lies in it. Binaries are hack/bin/IMAGE.
var images = map[string]string{
	"assistant":           "/app",
	"controller":          "/app",
	"fakegemini":          "/app",
	"loadgen":             "/app",
	"pause":               "/app",
	"coredns":             "/app",
	"prometheus":          "/app",
	"alertmanager":        "/app",
	"loki":                "/app",
	"otelcol":             "/app",
	"prometheus-operator": "/app",
	// The operator starts it by this path.
	"prometheus-config-reloader": "/bin/prometheus-config-reloader",
}

// Images builds an OCI archive of each image named, or of all, in hack/bin/images, unless its binary and the Dockerfile are
// those it was built from, and returns the archives' paths. All are those whose binaries hack/bin holds.
func (b Builder) Images(ctx context.Context, names ...string) ([]string, error) {
	if len(names) == 0 {
		for _, name := range slices.Sorted(maps.Keys(images)) {
			if present(filepath.Join(b.Bin(), name)) {
				names = append(names, name)
			}
		}
	}
	var archives []string
	err := b.Steps.Do(ctx, "container images", func(ctx context.Context) error {
		for _, name := range names {
			archive, err := b.image(ctx, name, images[name])
			if err != nil {
				return fmt.Errorf("image %s: %w", name, err)
			}
			archives = append(archives, archive)
		}
		return nil
	})
	return archives, err
}

func (b Builder) image(ctx context.Context, name, target string) (string, error) {
	sum, err := digest(filepath.Join(b.Bin(), name), filepath.Join(b.Root, "Dockerfile"))
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.Bin(), "images")
	archive := filepath.Join(dir, name+"-"+sum+".tar")
	if _, err := os.Stat(archive); err == nil {
		return archive, nil
	}
	if err := removeAll(filepath.Join(dir, name+"-????????????.tar")); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	store, err := os.MkdirTemp(dir, "buildah-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(store)
	ref := ImagePrefix + name + ":" + ImageTag
	if err := b.buildah(ctx, store, "bud", "--isolation", "chroot", "--quiet", "--target", "prebuilt", "--file", "Dockerfile",
		"--build-arg", "BINARY="+name, "--build-arg", "TARGET="+target, "--tag", ref, b.Bin()); err != nil {
		return "", err
	}
	part := archive + ".part"
	if err := b.buildah(ctx, store, "push", "--quiet", ref, "oci-archive:"+part+":"+ref); err != nil {
		return "", err
	}
	return archive, os.Rename(part, archive)
}

// buildah runs with a store of its own, which needs no daemon and is gone with its folder.
func (b Builder) buildah(ctx context.Context, store string, args ...string) error {
	global := []string{"--storage-driver", "vfs", "--root", filepath.Join(store, "root"), "--runroot", filepath.Join(store, "run")}
	cmd := exec.CommandContext(ctx, "buildah", append(global, args...)...)
	cmd.Dir = b.Root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("buildah %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// digest is the start of the SHA-256 over the files' bytes.
func digest(files ...string) (string, error) {
	h := sha256.New()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func removeAll(pattern string) error {
	old, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}
