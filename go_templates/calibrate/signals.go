package main

import (
	"runtime"
	"sync/atomic"

	"${ module }/internal/lab"
)

// preemption: from asking a goroutine that computes to stop until it stops: a signal, its handler, and the way to the
// scheduler. Two Ps, asynchronous preemption on. Whoever wants the world to stop asks as sysmon does (proc.go:
// preemptone); the last instant before the hog's clock stands still is when it stopped, to within one of its rounds.
func preemption() {
	cpus := allowedCPUs()
	if len(cpus) < 2 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pin(cpus[0])
	defer anywhere()
	const times = 12
	var started, stop atomic.Bool
	var stops [times + 2]atomic.Int64
	var asked atomic.Int32
	go func() {
		runtime.LockOSThread() // for good: its thread ends with it
		pin(cpus[1])
		last := lab.Now()
		x := uint64(1)
		seen := int32(0)
		started.Store(true)
		for !stop.Load() {
			for range 300 { // most of its time: between two readings of the clock, where it may be stopped
				x ^= x << 13
				x ^= x >> 7
			}
			now := lab.Now()
			if asks := asked.Load(); asks != seen {
				// the first round that lasts unlike the others is the one that it was stopped in
				if now-last > 4_000 {
					stops[asks].Store(last)
					seen = asks
				}
			}
			last = now
		}
		kept = x
	}()
	for !started.Load() {
		runtime.Gosched()
	}
	var values []int64
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	for i := int32(1); i <= times; i++ {
		spinUntil(lab.Now() + 500_000)
		asked.Store(i)
		start := lab.Now()
		runtime.ReadMemStats(&memory)
		for until := lab.Now() + 2_000_000; stops[i].Load() == 0 && lab.Now() < until; {
		}
		if at := stops[i].Load(); at > start {
			values = append(values, at-start)
		}
	}
	stop.Store(true)
	record("preempt_signal", 1, values)
}

// kept is what the compiler cannot leave out.
var kept uint64

// lockedHandOver: a round trip over channels between two goroutines that are locked to their threads. Made of other
// primitives: it judges, and no model is made of it.
func lockedHandOver() {
	const n = 20
	there, back := make(chan int), make(chan int)
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		for v := range there {
			back <- v
		}
		done <- true
	}()
	runtime.LockOSThread()
	values := timed(12, func() {
		for i := range n {
			there <- i
			<-back
		}
	})
	close(there)
	<-done
	runtime.UnlockOSThread()
	record("locked_round_trip", n, values)
}
