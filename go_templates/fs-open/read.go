package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"${ module }/internal/lab"
)

const (
	// perProcess is how many names a process opens that nobody has opened before.
	perProcess = 4
	again      = 64
)

// read opens one file for reading, again and again, and others that nobody has opened before.
func read() {
	if isBare() && *file != "absent" {
		lay(known())
		for i := int64(0); i < perProcess; i++ {
			lay(fresh(i))
		}
	}
	observeOpen("first_ns", known(), os.O_RDONLY)
	for i := 0; i < again; i++ {
		observeOpen("again_ns", known(), os.O_RDONLY)
	}
	for i := int64(0); i < perProcess; i++ {
		observeOpen("new_ns", fresh(i), os.O_RDONLY)
	}
}

// observeOpen says how long opening took.
func observeOpen(name, path string, flags int) { lab.Observe(name, opened(path, flags)) }

// opened says how long opening took. A name whose file is not there although it should be ends the process: there were more of them than names.
func opened(path string, flags int) int64 {
	took, found := open(path, flags)
	if found == (*file == "absent") {
		fmt.Fprintf(os.Stderr, "fs-open: %s is not what -file=%s means: are there more processes than names that are laid for them?\n", path, *file)
		os.Exit(1)
	}
	return took
}

// open says how long os.OpenFile took, and whether the file was there. What it opened is closed afterwards.
func open(path string, flags int) (took int64, found bool) {
	start := lab.Now()
	f, err := os.OpenFile(path, flags, 0)
	took = lab.Now() - start
	if errors.Is(err, fs.ErrNotExist) {
		return took, false
	}
	check(err)
	check(f.Close())
	return took, true
}
