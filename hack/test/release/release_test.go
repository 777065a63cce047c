// Package release holds hack/release.sh and hack/install.sh to their promises.
package release

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// TestReleaseIsReproducible makes a small release twice: the plugin for one platform, its image where buildah can run, and the charts.
func TestReleaseIsReproducible(t *testing.T) {
	image := ""
	if _, err := exec.LookPath("buildah"); err == nil && os.Geteuid() == 0 {
		image = "kubectl-plimsoll"
	}
	first, second := release(t, image, "TZ=UTC"), release(t, image, "TZ=Asia/Tokyo")
	want := []string{
		"checksums.txt", "kubectl-plimsoll_v1.2.3-rc.1_linux_amd64.cdx.json", "kubectl-plimsoll_v1.2.3-rc.1_linux_amd64.tar.gz",
		"kubectl-plimsoll_v1.2.3-rc.1_oci.tar", "plimsoll-1.2.3-rc.1.tgz", "plimsoll-stack-1.2.3-rc.1.tgz", "plimsoll.yaml",
	}
	if image == "" {
		want = slices.Delete(want, 3, 4)
	}
	if got := slices.Sorted(maps.Keys(first)); !slices.Equal(got, want) {
		t.Errorf("a release has %v, want %v", got, want)
	}
	for name, data := range first {
		if data != second[name] {
			t.Errorf("%s is another the second time", name)
		}
		sum := sha256.Sum256([]byte(data))
		line := hex.EncodeToString(sum[:]) + "  " + name + "\n"
		if name != "checksums.txt" && !strings.Contains(first["checksums.txt"], line) {
			t.Errorf("checksums.txt lacks %q", line)
		}
		if strings.HasSuffix(name, ".tar.gz") && !strings.Contains(first["plimsoll.yaml"], "sha256: "+line[:64]) {
			t.Errorf("krew's manifest lacks the sum of %s:\n%s", name, first["plimsoll.yaml"])
		}
	}
}

// release returns what the script makes, by name.
func release(t *testing.T, image string, env ...string) map[string]string {
	t.Helper()
	look(t, "hack/release.sh", "Dockerfile", "LICENSE", "NOTICE", "charts", "cmd/kubectl-plimsoll")
	dist := filepath.Join(t.TempDir(), "dist")
	out, err := script(t, "hack/release.sh", append(env, "VERSION=v1.2.3-rc.1", "DRY_RUN=1", "DIST="+dist,
		"PLATFORMS=linux/amd64", "PROGRAMS=kubectl-plimsoll", "IMAGES="+image)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files := map[string]string{}
	for _, name := range glob(t, filepath.Join(dist, "*")) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(data)
	}
	return files
}

func TestReleaseWantsAVersion(t *testing.T) {
	for _, version := range []string{"", "0.2.0", "v0.2", "v1.2.3+dirty", "v1.2.3-rc 1"} {
		dist := filepath.Join(t.TempDir(), "dist")
		out, err := script(t, "hack/release.sh", "VERSION="+version, "DRY_RUN=1", "DIST="+dist)
		if err == nil || !strings.Contains(out, "VERSION") || len(glob(t, dist)) > 0 {
			t.Errorf("version %q: %v, %s", version, err, out)
		}
	}
}

// TestInstallAsks has the script meet a cluster that nobody reaches: an attempt to use it would not end.
func TestInstallAsks(t *testing.T) {
	look(t, "hack/install.sh")
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte(`{apiVersion: v1, kind: Config, current-context: production, contexts: [{name: production,
		context: {cluster: far, user: me}}], clusters: [{name: far, cluster: {server: "https://192.0.2.1:6443"}}], users: [{name: me}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ registry, want string }{
		{"", "no way to load images into production"},
		{"registry.example.com", "Install into context production (https://192.0.2.1:6443), namespace ai? [y/N] nothing was changed"},
	} {
		out, err := script(t, "hack/install.sh", "KUBECONFIG="+config, "REGISTRY="+test.registry, "YES=")
		if err == nil || !strings.Contains(out, test.want) {
			t.Errorf("registry %q: %v, %s, want %q", test.registry, err, out, test.want)
		}
	}
}

// script runs a script with no standard input, and the pinned tools first; it returns all that it prints.
func script(t *testing.T, name string, env ...string) (string, error) {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join(root, "hack/bin"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, name))
	cmd.Env = append(append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// look opens what a script reads: go test's cached result is else also that of files that have changed since.
func look(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, _ os.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
