package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"${ module }/internal/lab"
)

// turn is how many processes have been in this folder before, as the agent counts them: names that it is part of are new to the kernel.
var turn = func() int64 {
	n, err := strconv.ParseInt(os.Getenv("LAB_TURN"), 10, 64)
	if err != nil {
		return 0 // started by hand
	}
	return n
}()

// path puts name at the end of as many names as -depth says.
func path(name string) string { return strings.Repeat("d/", int(*depth)-1) + name }

// prefixes of the names of files by where they are. Those of the lowest layer have none.
var prefixes = map[string]string{"top": "top", "absent": "absent"}

// known is the path that every process opens, in the layer that -file says.
func known() string { return path(prefixes[*file] + "known") }

// fresh is the i-th of the paths that no process before this one has opened. Where the file is absent any name will do.
func fresh(i int64) string {
	return path(fmt.Sprintf("%snew-%d", prefixes[*file], turn*perProcess+i))
}

// observeFolder says what the folder lies on: linux/magic.h.
func observeFolder() {
	var fs syscall.Statfs_t
	check(syscall.Statfs(".", &fs))
	lab.Observe("fs_type", fs.Type)
}

// isBare says whether the folder is empty, as it is in memory, on the host, and where somebody started this by hand: then all that is opened has to be
// made first. The folder itself is not asked: the kernel would know some of its names by that.
func isBare() bool { return os.Getenv("LAB_FOLDER") == "" }

// prepare makes the folders of the path where the folder is empty. Like lay it uses system calls alone: the first os.Open of a process is what is measured.
func prepare() {
	name := path("")
	for i, c := range name {
		if c == '/' {
			if err := syscall.Mkdir(name[:i], 0o755); err != nil && err != syscall.EEXIST {
				check(&os.PathError{Op: "mkdir", Path: name[:i], Err: err})
			}
		}
	}
}

// lay makes a file of -size bytes, if it is not there.
func lay(name string) {
	fd, err := syscall.Open(name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		check(&os.PathError{Op: "open", Path: name, Err: err})
	}
	content := make([]byte, min(*size, 1<<20))
	for i := range content {
		content[i] = 'x'
	}
	for left := *size; left > 0; {
		n, err := syscall.Write(fd, content[:min(left, int64(len(content)))])
		if err != nil {
			check(&os.PathError{Op: "write", Path: name, Err: err})
		}
		left -= int64(n)
	}
	if err := syscall.Close(fd); err != nil {
		check(&os.PathError{Op: "close", Path: name, Err: err})
	}
}
