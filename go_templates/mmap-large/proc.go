package main

import (
	"bytes"
	"fmt"
	"strconv"
	"syscall"
)

// procFile is a file below /proc/self that is read again and again. Descriptor and buffer are there before
// the first reading, so that what it shows grows by what the program did and not by the reading.
type procFile struct {
	name   string
	fd     int
	buffer []byte
}

func openProc(name string) *procFile {
	fd, err := syscall.Open("/proc/self/"+name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	check("opening /proc/self/"+name, err)
	f := &procFile{name: name, fd: fd, buffer: make([]byte, 16<<10)}
	f.read()
	return f
}

func (f *procFile) read() []byte {
	n, err := syscall.Pread(f.fd, f.buffer, 0)
	check("reading /proc/self/"+f.name, err)
	return f.buffer[:n]
}

// bytes reads a field that the file gives in kB, such as Rss of smaps_rollup or VmPTE of status.
func (f *procFile) bytes(field string) int64 {
	content := f.read()
	at := bytes.Index(content, []byte("\n"+field+":"))
	if at >= 0 {
		line, _, _ := bytes.Cut(content[at+len(field)+2:], []byte{'\n'})
		digits := bytes.TrimSpace(bytes.TrimSuffix(line, []byte("kB")))
		if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
			return n << 10
		}
	}
	check("reading /proc/self/"+f.name, fmt.Errorf("there is no %s", field))
	return 0
}

// minorFaults counts the page faults of this process that needed no disk.
func minorFaults() int64 {
	var ru syscall.Rusage
	check("getrusage", syscall.Getrusage(syscall.RUSAGE_SELF, &ru))
	return ru.Minflt
}
