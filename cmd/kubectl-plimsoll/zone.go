package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// zone is a flag for a time zone.
type zone struct {
	location *time.Location
	name     string
}

// localZone is that of the machine. Where its name is not known, it is the offset of now.
func localZone() zone {
	name := os.Getenv("TZ")
	if name == "" {
		target, _ := os.Readlink("/etc/localtime")
		_, name, _ = strings.Cut(target, "zoneinfo/")
	}
	if location, err := time.LoadLocation(name); err == nil && name != "" {
		return zone{location, name}
	}
	if _, offset := time.Now().Zone(); offset == 0 {
		return zone{time.Local, "UTC"}
	}
	return zone{time.Local, time.Now().Format("-07:00")}
}

func (z *zone) String() string { return z.name }

// Set takes a name of the IANA's database.
func (z *zone) Set(name string) error {
	location, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return fmt.Errorf("must be a time zone such as Europe/Berlin or UTC")
	}
	*z = zone{location, name}
	return nil
}

// Type names the value in the usage.
func (z *zone) Type() string { return "zone" }
