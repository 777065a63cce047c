package tuner

import (
	"embed"
	"io/fs"
)

// assets are the page, as its build leaves it.
//
//go:embed all:web/dist
var assets embed.FS

// page returns the files of the page.
func page() fs.FS {
	files, err := fs.Sub(assets, "web/dist")
	if err != nil {
		panic(err) // only for a path that is not valid
	}
	return files
}
