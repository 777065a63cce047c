package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestOpenBrowser: the browser is opened, and no other user of the machine can read the URL: not in a program's arguments, not in a file.
func TestOpenBrowser(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the browser is opened by another program here")
	}
	const url = "http://127.0.0.1:1/token/"
	dir := t.TempDir()
	arguments := filepath.Join(dir, "arguments")
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\necho \"$@\" > "+arguments+".new && mv "+arguments+".new "+arguments+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if _, err := openBrowser(url); err == nil || !strings.Contains(err.Error(), "no display") {
		t.Errorf("without a display: %v", err)
	}
	t.Setenv("DISPLAY", ":0")
	closeBrowser, err := openBrowser(url)
	if err != nil {
		t.Fatal(err)
	}
	var given string
	for deadline := time.Now().Add(10 * time.Second); given == "" && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		text, _ := os.ReadFile(arguments)
		given = strings.TrimSpace(string(text))
	}
	page, err := os.ReadFile(given)
	if err != nil || strings.Contains(given, "token/") || !strings.Contains(string(page), `url=`+url) {
		t.Errorf("xdg-open %s, %v: %s", given, err, page)
	}
	file, err := os.Stat(given)
	if err != nil || file.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", file.Mode(), err)
	}
	if folder, err := os.Stat(filepath.Dir(given)); err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("the folder's mode is %v, %v", folder.Mode(), err)
	}
	closeBrowser()
	if _, err := os.Stat(given); !os.IsNotExist(err) {
		t.Errorf("the file is left: %v", err)
	}
}
