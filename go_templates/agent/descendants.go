package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// process is one that was seen in /proc: a pid alone may name another a moment later.
type process struct {
	pid, parent int
	started     string // field 22 of its stat, in clock ticks since boot
}

// killDescendants kills each of the agent's own descendants, by pidfd. They all hang together with the agent,
// because orphans become its children. A zombie is no exception: its other threads may live.
func killDescendants() {
	for _, p := range descendantsOf(os.Getpid()) {
		kill(p)
	}
}

// kill signals through a descriptor, and only if the process that the descriptor was opened for is still the
// one that was seen: between the two its number may have passed to a stranger.
func kill(p process) {
	const (
		pidfdSendSignal = 424
		pidfdOpen       = 434
	)
	fd, _, errno := syscall.RawSyscall(pidfdOpen, uintptr(p.pid), 0, 0)
	if errno != 0 {
		return // it has ended
	}
	defer syscall.Close(int(fd))
	if now, ok := look(p.pid); ok && now.started == p.started {
		syscall.RawSyscall6(pidfdSendSignal, fd, uintptr(syscall.SIGKILL), 0, 0, 0, 0)
	}
}

// descendantsOf lists what is below a process, parents before their children.
func descendantsOf(root int) []process {
	children := map[int][]process{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if p, ok := look(pid); ok {
			children[p.parent] = append(children[p.parent], p)
		}
	}
	found := children[root]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// look reads a process's parent and start; false if it has ended.
func look(pid int) (process, bool) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, false
	}
	// pid (name) state ppid …: the name may hold anything, so count from behind its last parenthesis.
	const parent, started = 1, 19
	fields := bytes.Fields(content[bytes.LastIndexByte(content, ')')+1:])
	if len(fields) <= started {
		return process{}, false
	}
	ppid, err := strconv.Atoi(string(fields[parent]))
	return process{pid: pid, parent: ppid, started: string(fields[started])}, err == nil
}
