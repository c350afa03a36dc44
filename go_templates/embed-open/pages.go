package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// self is the program's own file, whatever it is called.
const self = "/proc/self/exe"

// states put the pages of the program's own file where they are to be before the first Open.
var states = map[string]func(){
	"cached":  cache,
	"dropped": drop,
	"mapped":  func() { cache(); touch() },
}

// cache has the kernel read all of the file, so that no page has to come from a disk. It maps none.
func cache() {
	file, err := os.Open(self)
	check(err)
	_, err = io.Copy(io.Discard, struct{ io.Reader }{file})
	check(err)
	check(file.Close())
}

// drop has the kernel forget the pages that no process has mapped, as far as the file system can.
func drop() {
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	file, err := os.Open(self)
	check(err)
	check(file.Sync()) // what is not on the disk yet stays
	if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, file.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
		check(errno)
	}
	check(file.Close())
}

// touch reads a byte of every page that is mapped from the file.
func touch() {
	path, err := os.Readlink(self)
	check(err)
	maps, err := os.Open("/proc/self/maps")
	check(err)
	defer maps.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		if !strings.HasSuffix(lines.Text(), " "+path) {
			continue
		}
		var start, end uintptr
		_, err := fmt.Sscanf(lines.Text(), "%x-%x ", &start, &end)
		check(err)
		for ; start < end; start += uintptr(os.Getpagesize()) {
			touched += *(*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&start)))
		}
	}
	check(lines.Err())
}

// touched keeps the reads from being left out.
var touched byte

// faults are what this thread has had so far.
func faults() (usage syscall.Rusage) {
	const thread = 1 // RUSAGE_THREAD
	check(syscall.Getrusage(thread, &usage))
	return usage
}
