package main

import (
	"sync/atomic"

	"${ module }/internal/lab"
)

// spreadAtMost is how long two threads are watched, and what is said of two that stay together for as long.
const spreadAtMost = 100_000_000

// spreading: two threads compute on one CPU, and from one instant on both may go anywhere; how long it takes until one of
// them runs on another CPU. With all others idle, that is when the kernel sees that one CPU has too much to do.
func spreading() {
	cpus := allowedCPUs()
	if len(cpus) < 2 {
		return
	}
	const times = 2
	values := make([]int64, times)
	for i := range values {
		var both threads
		var ready, freed atomic.Int32
		var moved, began atomic.Int64
		for range 2 {
			both.start(cpus[0], func() {
				ready.Add(1)
				for ready.Load() < 2 {
					osyield()
				}
				anywhere()
				if freed.Add(1) == 2 {
					began.Store(lab.Now())
				}
				for began.Load() == 0 && moved.Load() == 0 {
					osyield()
				}
				for moved.Load() == 0 {
					now := lab.Now()
					if currentCPU() != cpus[0] || now-began.Load() > spreadAtMost {
						moved.CompareAndSwap(0, now)
					}
				}
			})
		}
		both.Wait()
		values[i] = min(max(moved.Load()-began.Load(), 0), spreadAtMost)
	}
	record("spread_delay", 1, values)
}
