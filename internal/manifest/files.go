package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// extensions are those of the files that are read in a folder, kubectl's.
var extensions = []string{".json", ".yaml", ".yml"}

// Reader reads files.
type Reader struct {
	// Namespace is that of the thresholds that name none.
	Namespace string
	// Enforce makes it a mistake to name another namespace.
	Enforce bool
	// Recursive reads the folders in folders too.
	Recursive bool
	// Rules reads PrometheusRules and rule files too; else they are objects of other kinds.
	Rules bool
	// MayBeEmpty takes files and folders in which there is nothing to read.
	MayBeEmpty bool
	Stdin      io.Reader
}

// Set is what the files hold together.
type Set struct {
	// Thresholds are in the order of the files.
	Thresholds []*Threshold
	// Rules are those of PrometheusRules and rule files, if the reader reads them.
	Rules alert.Set
	// Errors are those of documents that are no AlertThreshold, such as bad YAML, and of rules.
	Errors []Diagnostic
	// Files counts the files, Skipped the objects of other kinds in them.
	Files, Skipped int
}

// Read reads every file and folder. Errors in the files are part of the set; the error is of files that cannot be read,
// or in which there is nothing to read.
func (r Reader) Read(paths []string) (*Set, error) {
	set := &Set{}
	var done []string
	files, err := r.expandAll(paths)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if slices.Contains(done, file) {
			continue
		}
		done = append(done, file)
		if err := r.readInto(set, file); err != nil {
			return nil, err
		}
	}
	if !r.MayBeEmpty && len(set.Thresholds) == 0 && len(set.Errors) == 0 && len(set.Rules.Alerts) == 0 {
		sought := "AlertThreshold"
		if r.Rules {
			sought = "AlertThreshold and no alerting rule"
		}
		return nil, fmt.Errorf("no %s in %s (%s, %s of other kinds)", sought, quoteAll(paths),
			Count(set.Files, "file"), Count(set.Skipped, "object"))
	}
	set.findDuplicates()
	return set, nil
}

func (r Reader) readInto(set *Set, file string) error {
	var data []byte
	var err error
	name := file
	if file == Stdin {
		name = "<stdin>"
		data, err = io.ReadAll(r.Stdin)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	c := read(name, data, r.Rules)
	for _, t := range c.thresholds {
		t.setNamespace(r.Namespace, r.Enforce)
	}
	set.Files++
	set.Skipped += c.skipped
	set.Thresholds = append(set.Thresholds, c.thresholds...)
	set.Errors = append(set.Errors, c.errors...)
	set.Rules.Add(c.rules)
	return nil
}

// expandAll are the files of all paths. As kubectl does, it takes what is not a path for a pattern.
func (r Reader) expandAll(paths []string) (files []string, err error) {
	for _, path := range paths {
		matches := []string{path}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && path != Stdin {
			if matches, err = filepath.Glob(path); err != nil {
				return nil, fmt.Errorf("%q is not a valid pattern: write a [ that is meant as one as \\[", path)
			}
			if len(matches) == 0 {
				return nil, fmt.Errorf("the path %q does not exist", path)
			}
		}
		for _, match := range matches {
			more, err := r.expand(match)
			if err != nil {
				return nil, err
			}
			files = append(files, more...)
		}
	}
	return files, nil
}

// expand is the path itself or, for a folder, the files in it.
func (r Reader) expand(path string) ([]string, error) {
	if path == Stdin {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []string{filepath.Clean(path)}, nil
	}

	var files []string
	err = fs.WalkDir(os.DirFS(path), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && !r.Recursive:
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, filepath.Ext(name)):
			files = append(files, filepath.Join(path, name))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read folder %s: %w", path, err)
	}
	if len(files) == 0 && !r.MayBeEmpty {
		return nil, fmt.Errorf("no file in folder %q: those that end in %s are read", path, quoteAll(extensions))
	}
	return files, nil
}

// findDuplicates reports thresholds whose name another one has already: the last to be applied would win.
func (s *Set) findDuplicates() {
	first := map[[2]string]*Threshold{}
	for _, t := range s.Thresholds {
		key := [2]string{t.Namespace, t.Name}
		if earlier, known := first[key]; known && t.Name != "" {
			t.diagnostics = append(t.diagnostics, t.diagnostic("metadata.name", fmt.Sprintf("AlertThreshold %s/%s is already in %s: rename or remove one of the two",
				t.Namespace, t.Name, earlier.Position("metadata.name"))))
			continue
		}
		first[key] = t
	}
}
