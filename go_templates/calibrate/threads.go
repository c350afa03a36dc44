package main

import (
	"sync/atomic"

	"${ module }/internal/lab"
)

const (
	newOnes   = 12
	earlyOnes = 4
)

// newThreads: a go statement that makes the runtime clone a thread, as wakep does where no M is idle (proc.go: newm):
// what it takes its caller, and when the thread runs the goroutine, from the statement's beginning. Two goroutines at
// a time: the first is then in the queue and not in runnext, which a thief would leave alone for some microseconds.
// Both keep their threads for good, so the next go finds no idle M either; the first ones find those of the start.
// The caller computes all the while: a kernel may leave a new thread with a parent that has little to do.
func newThreads() {
	var never uint32
	ran, wakes := make([]atomic.Int64, 2*(newOnes+earlyOnes)), make([]int64, 0, newOnes)
	starts := make([]int64, 0, newOnes)
	keep := func(i int) {
		ran[i].Store(lab.Now())
		for {
			futexWait(&never, 0)
		}
	}
	for i := range newOnes + earlyOnes {
		first, second := 2*i, 2*i+1
		start := lab.Now()
		go keep(first)
		called := lab.Now() - start
		go keep(second)
		for ran[first].Load() == 0 || ran[second].Load() == 0 {
		}
		if i >= earlyOnes {
			wakes, starts = append(wakes, called), append(starts, ran[first].Load()-start)
		} else if i == 0 {
			record("first_go_call", 1, []int64{called})
			record("first_go_run", 1, []int64{ran[first].Load() - start})
		}
		if i == 0 {
			spinUntil(lab.Now() + 100_000_000)
		}
		spinUntil(lab.Now() + 300_000) // the last one's search for more is over
	}
	record("thread_new_call", 1, wakes)
	record("thread_new_run", 1, starts)
}
