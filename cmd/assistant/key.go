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
	return keyFile(file, "Gemini")
}

// keyFile reads the key of a vendor from a file.
func keyFile(file, vendor string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the %s API key: %w", vendor, err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" {
		return "", fmt.Errorf("reading the %s API key: %s is empty", vendor, file)
	}
	return key, nil
}

// openAIKeyVariable is the environment variable with the API key of a server that speaks OpenAI's API.
const openAIKeyVariable = "OPENAI_API_KEY"

// openAIKey reads such a server's key from file, or without a file from the environment; many servers need none.
func openAIKey(file string, getenv func(string) string, optional bool) (key string, err error) {
	if file == "" {
		key = strings.TrimSpace(getenv(openAIKeyVariable))
	} else if key, err = keyFile(file, "OpenAI"); err != nil {
		return "", err
	}
	switch {
	case key == "" && optional:
		return "", nil
	case key == "":
		return "", errors.New("no OpenAI API key: set " + openAIKeyVariable + ", or name a file that holds it with " +
			"--api-key-file; a server of your own, set with --openai-base-url, may need none")
	case !gemini.ValidKey(key):
		return "", errors.New("the OpenAI API key holds a character that no key has, such as a space or a line break")
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
