package main

import (
	"fmt"
	"io"
	"os"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/price"
)

// maxPriceFile is the maximum size of the price file in bytes: some ten thousand models.
const maxPriceFile = 1 << 20

// loadPrices reads the price file. Without one no model has a price.
func loadPrices(file string) (price.Table, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading --price-file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPriceFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading --price-file: %w", err)
	}
	if len(data) > maxPriceFile {
		return nil, fmt.Errorf("reading --price-file: %s is larger than %d bytes", file, maxPriceFile)
	}
	table, err := price.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading --price-file: %s: %w", file, err)
	}
	return table, nil
}
