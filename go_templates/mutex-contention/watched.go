package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

// watched is a sync.Mutex into whose state one can look: it is the first word, under every release from 1.8 on. Its bits
// are locked, woken, starving, and above them the number of those that wait (internal/sync/mutex.go, before 1.24
// sync/mutex.go).
type watched struct {
	sync.Mutex
}

const (
	stateLocked   = 1
	stateStarving = 4
	waiterShift   = 3
)

func (w *watched) state() int32 {
	return atomic.LoadInt32((*int32)(unsafe.Pointer(&w.Mutex)))
}

// starves is whether who unlocks next hands the lock over, instead of letting all compete.
func (w *watched) starves() bool { return w.state()&stateStarving != 0 }

func (w *watched) waiters() int64 { return int64(w.state() >> waiterShift) }

// init refuses a mutex whose state is somewhere else.
func init() {
	var w watched
	free := w.state()
	w.Lock()
	if free != 0 || w.state() != stateLocked {
		fmt.Fprintln(os.Stderr, "mutex-contention: this release's sync.Mutex has its state in another place")
		os.Exit(1)
	}
	w.Unlock()
}
