package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// realm is where the agent may end processes.
type realm int

const (
	// descendants: only what it started itself, directly or not. Everything else is somebody else's.
	descendants realm = iota
	// namespace: it is the first process of a pid namespace of its own, and all others there are its own.
	namespace
)

// claimRealm finds out which, and makes the orphans among its descendants the agent's children, as those of
// a namespace are by themselves: what it started can then always be reached from it.
func claimRealm() (realm, error) {
	if os.Getpid() == 1 {
		return namespace, errors.Join(refuseMachine(), shutOut())
	}
	const setChildSubreaper = 36
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, setChildSubreaper, 1, 0, 0, 0, 0); errno != 0 {
		return descendants, fmt.Errorf("cannot become the reaper of its descendants: %w", errno)
	}
	return descendants, nil
}

// shutOut keeps replicates, which run as the same user, from tracing the agent or reading its memory. A program that
// they execute is traceable again. Not under the host engine: a plain user's agent could not read its own /proc then.
func shutOut() error {
	const setDumpable = 4
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, setDumpable, 0, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("cannot keep replicates from tracing it: %w", errno)
	}
	return nil
}

// refuseMachine is an error where the agent is the machine's own first process: everything would be its own.
func refuseMachine() error {
	const initial = "pid:[4026531836]" // PROC_PID_INIT_INO, include/linux/proc_ns.h
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return fmt.Errorf("cannot tell whose first process this is: %w", err)
	}
	if link == initial {
		return errors.New("will not run as the first process of a machine")
	}
	return nil
}

// clear kills and reaps all that is left in the realm and gives the number of those that had to be killed.
// Whoever is killed may have started another meanwhile, so it looks again until nobody is left, or until
// the deadline if there is one.
func (r realm) clear(deadline time.Time) int {
	killed := 0
	for {
		killed += reapAll()
		if r == namespace {
			// Everybody but this process itself; zombies too, so an error means that nobody is left.
			if syscall.Kill(-1, syscall.SIGKILL) != nil {
				return killed
			}
		} else {
			if !hasChildren() {
				return killed
			}
			killDescendants()
		}
		if !deadline.IsZero() && time.Now().After(deadline) {
			return killed
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// reapAll collects the children that have ended and gives the number of those that were killed.
func reapAll() int {
	killed := 0
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 {
			return killed
		}
		if status.Signaled() && status.Signal() == syscall.SIGKILL {
			killed++
		}
	}
}

// reap collects one child that has ended.
func reap(pid int, status *syscall.WaitStatus, used *syscall.Rusage) {
	for {
		if _, err := syscall.Wait4(pid, status, 0, used); err != syscall.EINTR {
			return
		}
	}
}

func hasChildren() bool {
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	return err != syscall.ECHILD
}
