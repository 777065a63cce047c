package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/gemini"
)

// keyVariable holds the API key where no file does.
const keyVariable = "GEMINI_API_KEY"

// apiKey reads the key from file, or without a file from the environment. Space around it, such as a file's last line
// break, is not part of it. No error holds any of it.
func apiKey(file string, getenv func(string) string) (string, error) {
	if file == "" {
		if key := strings.TrimSpace(getenv(keyVariable)); key != "" {
			return key, nil
		}
		return "", errors.New("no Gemini API key: set " + keyVariable + ", or name a file that holds it with " +
			"--api-key-file; keys are given out at https://aistudio.google.com/apikey, and a stand-in set with " +
			"--gemini-endpoint takes any")
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

// currentKey is asked for the key of every call. A file is read anew each time, as Prometheus reads its tokens: that is
// nothing beside a model call. While it cannot be used, the key that could be stays.
func currentKey(file, first string) func() string {
	var rest atomic.Pointer[string]
	rest.Store(&first)
	return func() string {
		if file != "" {
			if key, err := apiKey(file, nil); err == nil && gemini.ValidKey(key) {
				rest.Store(&key)
			}
		}
		return *rest.Load()
	}
}
