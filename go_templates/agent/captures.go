package main

import (
	"os"
	"syscall"
)

// captures is a file of the lab's to which answers are appended before they are sent. It outlives the agent and the lab:
// what was written is the kernel's, whoever is killed. Replicates do not get the descriptor, and by the time that they run the
// lab has taken away the right to open the file.
type captures struct {
	fd int
}

func openCaptures() *captures {
	path := os.Getenv("GOLAB_CAPTURES")
	if path == "" {
		return &captures{fd: -1}
	}
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_APPEND|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &captures{fd: -1} // the lab is told in hello, and orders one by one
	}
	return &captures{fd: fd}
}

func (c *captures) kept() bool { return c.fd >= 0 }

// keep says whether the whole of what separated gave is in the file. Where an agent was killed in the middle of this, or the disk was full, a
// piece of a line is there, and whoever appends next would make it longer: so each appends the end of a line first, in one write.
func (c *captures) keep(separated []byte) bool {
	if c.fd < 0 {
		return false
	}
	n, err := syscall.Write(c.fd, separated)
	return err == nil && n == len(separated)
}
