package main

import (
	"sync"
	"syscall"

	"${ module }/internal/lab"
)

var _ = add("blocking", blocking)

// blocking: goroutines that are in a system call most of the time, and need a P in between.
func blocking() {
	goroutines, turns := parameter("goroutines", 4), parameter("turns", 50)
	call, work := parameter("call", 500*us), parameter("work", 150*us)
	took := make([]*samples, goroutines)
	var wg sync.WaitGroup
	wg.Add(int(goroutines))
	for i := range took {
		took[i] = sampled("round_ns", turns)
	}
	for i := range took {
		go func() {
			for j := int64(0); j < turns; j++ {
				start := lab.Now()
				nap := syscall.NsecToTimespec(call)
				syscall.Nanosleep(&nap, nil)
				lab.Work(work)
				took[i].add(lab.Now() - start)
			}
			wg.Done()
		}()
	}
	wg.Wait()
}
