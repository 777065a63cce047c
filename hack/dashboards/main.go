// Command dashboards writes the chart's Grafana dashboards into a folder: go run ./hack/dashboards FOLDER.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/plimsoll-dev/plimsoll/hack/program"
	"github.com/plimsoll-dev/plimsoll/internal/dashboards"
)

func main() { program.Main("dashboards", run) }

func run(_ context.Context, args []string, _ io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("want one argument, the folder to write to, got %d", len(args))
	}
	files, err := dashboards.All()
	if err != nil {
		return err
	}
	folder, err := os.OpenRoot(args[0])
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	for _, f := range files {
		if err := folder.WriteFile(f.Name, f.JSON, 0o644); err != nil {
			return fmt.Errorf("writing dashboard: %w", err)
		}
	}
	return folder.Close()
}
