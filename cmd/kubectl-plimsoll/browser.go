package main

import (
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// openBrowser opens the URL in the user's browser. It opens a file of the user's alone that leads there: the arguments of programs are
// for every user of the machine to read, and who has the URL may do what the page may. close removes the file.
func openBrowser(url string) (closeBrowser func(), err error) {
	closeBrowser = func() {}
	var command []string
	switch runtime.GOOS {
	case "darwin":
		command = []string{"open"}
	case "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler"}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return closeBrowser, errors.New("there is no display for a browser")
		}
		command = []string{"xdg-open"}
	}
	dir, err := os.MkdirTemp("", "plimsoll-tune-")
	if err != nil {
		return closeBrowser, err
	}
	closeBrowser = func() { os.RemoveAll(dir) }
	file := filepath.Join(dir, "tune.html")
	page := fmt.Sprintf("<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=%[1]s\"><a href=\"%[1]s\">Plimsoll tuner</a>\n", html.EscapeString(url))
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		return closeBrowser, err
	}
	cmd := exec.Command(command[0], append(command[1:], file)...)
	if err := cmd.Start(); err != nil {
		return closeBrowser, fmt.Errorf("starting the browser: %w", err)
	}
	go func() { _ = cmd.Wait() }()
	return closeBrowser, nil
}
