package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	sysPidfdSendSignal  = 424
	sysPidfdOpen        = 434
	prSetChildSubreaper = 36
)

// becomeSubreaper makes the orphans among the agent's descendants its children.
func becomeSubreaper() {
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0, 0, 0, 0); errno != 0 {
		os.Stderr.WriteString("agent: cannot become a subreaper: " + errno.Error() + "\n")
		os.Exit(6)
	}
}

// endAll kills and reaps everything that a replicate left behind and gives their number.
func endAll(init bool) int {
	if init {
		return endNamespace()
	}
	return endDescendants()
}

// endNamespace is for the first process of a pid namespace only, where "everyone" is what it started.
func endNamespace() int {
	ended := 0
	for syscall.Kill(-1, syscall.SIGKILL) == nil {
		ended += reap()
		time.Sleep(100 * time.Microsecond)
	}
	return ended + reap()
}

// endDescendants kills the agent's own descendants, by pidfd, until none is left. It looks again after each
// round: whoever was killed may have started another meanwhile.
func endDescendants() int {
	ended := 0
	for {
		ended += reap()
		if !hasChildren() {
			return ended
		}
		for _, pid := range descendants() {
			killDescendant(pid)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// killDescendant signals through a descriptor and looks at the parentage after opening it: between the
// listing and the opening the number may have passed to a stranger.
func killDescendant(pid int) {
	fd, _, errno := syscall.RawSyscall(sysPidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		return
	}
	defer syscall.Close(int(fd))
	for _, still := range descendants() {
		if still == pid {
			syscall.RawSyscall6(sysPidfdSendSignal, fd, uintptr(syscall.SIGKILL), 0, 0, 0, 0)
			return
		}
	}
}

// descendants are the pids below the agent, children first.
func descendants() []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state ppid …: the name may hold anything, so look behind its last parenthesis.
		fields := bytes.Fields(content[bytes.LastIndexByte(content, ')')+1:])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(fields) > 1 && fields[0][0] != 'Z' {
			parent, _ := strconv.Atoi(string(fields[1]))
			children[parent] = append(children[parent], pid)
		}
	}
	found := []int{}
	for next := children[os.Getpid()]; len(next) > 0; next = next[1:] {
		found = append(found, next[0])
		next = append(next, children[next[0]]...)
	}
	return found
}

// reap collects children that have ended and gives their number.
func reap() int {
	n := 0
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 {
			return n
		}
		n++
	}
}

func hasChildren() bool {
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	return err != syscall.ECHILD
}

// emptyFolder removes what is in a folder, not the folder.
func emptyFolder(path string) {
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		os.RemoveAll(filepath.Join(path, entry.Name()))
	}
}
