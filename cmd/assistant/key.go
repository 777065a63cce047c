package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/gemini"
)

// keyVariable is the environment variable with the API key.
const keyVariable = "GEMINI_API_KEY"

// apiKey reads the key from file, or without a file from the environment, and trims white space. No error holds any part
// of the key.
func apiKey(file string, getenv func(string) string) (string, error) {
	if file == "" {
		if key := strings.TrimSpace(getenv(keyVariable)); key != "" {
			return key, nil
		}
		return "", errors.New("no Gemini API key: set " + keyVariable + ", or name a file that holds it with " +
			"--api-key-file; get a key at https://aistudio.google.com/apikey; a stand-in set with " +
			"--gemini-endpoint accepts any key")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the Gemini API key: %w", err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" {
		return "", fmt.Errorf("reading the Gemini API key: %s is empty", file)
	}
	return key, nil
}

// currentKey returns a function that returns the key of a call. It reads a file each time, as Prometheus does with tokens;
// while the file is invalid, the last valid key remains.
func currentKey(file, initial string) func() string {
	var rest atomic.Pointer[string]
	rest.Store(&initial)
	return func() string {
		if file != "" {
			if key, err := apiKey(file, nil); err == nil && gemini.ValidKey(key) {
				rest.Store(&key)
			}
		}
		return *rest.Load()
	}
}
