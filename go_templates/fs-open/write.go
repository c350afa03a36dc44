package main

import (
	"fmt"
	"os"
	"syscall"
)

// write opens a file of the lowest layer for reading, then for writing: on an overlay the kernel copies it up meanwhile, whole. Then it is
// above, and is opened for writing again. In the end it is removed, so that the disk holds one copy at a time.
func write() {
	name := path(fmt.Sprintf("big-%d-%d", *size, turn))
	if isBare() {
		lay(name)
	}
	observeOpen("read_first_ns", name, os.O_RDONLY)
	for i := 0; i < again; i++ {
		observeOpen("read_again_ns", name, os.O_RDONLY)
	}
	observeOpen("write_first_ns", name, os.O_RDWR)
	for i := 0; i < again; i++ {
		observeOpen("write_again_ns", name, os.O_RDWR)
	}
	if err := syscall.Unlink(name); err != nil {
		check(&os.PathError{Op: "unlink", Path: name, Err: err})
	}
}
