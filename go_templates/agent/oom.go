package main

import (
	"bytes"
	"os"
	"syscall"
)

// oomScore makes the kernel choose a replicate, not the agent, when memory runs out.
//
// A child inherits oom_score_adj at the fork, so the agent raises its own around it. Writing the child's
// after the fork costs more (a path to walk, 6 µs against 1.3 µs) and comes too late for a program that is
// quick to fork itself. Raising needs no right, and neither does going back: without CAP_SYS_RESOURCE a process may
// lower its value to the last that a process with it has set (oom_score_adj_min in the kernel).
type oomScore struct {
	fd     int
	before []byte
}

func openOOMScore() *oomScore {
	const path = "/proc/self/oom_score_adj"
	before, err := os.ReadFile(path)
	if err != nil {
		return &oomScore{fd: -1}
	}
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &oomScore{fd: -1}
	}
	return &oomScore{fd: fd, before: bytes.TrimSpace(before)}
}

var highest = []byte("1000")

func (s *oomScore) raise() { syscall.Pwrite(s.fd, highest, 0) }

func (s *oomScore) lower() { syscall.Pwrite(s.fd, s.before, 0) }
