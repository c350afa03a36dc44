package main

import (
	"runtime"

	"${ module }/internal/lab"
)

var _ = add("locked", locked)

// locked: one of two that hand over to each other is locked to its thread.
func locked() {
	rounds, work := parameter("rounds", 600), parameter("work", 20*us)
	const batch = 5
	there, back := make(chan bool), make(chan bool)
	trips := sampled("round_ns", rounds/batch)
	go func() {
		runtime.LockOSThread()
		for range there {
			lab.Work(work)
			back <- true
		}
	}()
	for i := int64(0); i < rounds/batch; i++ {
		start := lab.Now()
		for j := 0; j < batch; j++ {
			lab.Work(work)
			there <- true
			<-back
		}
		trips.add((lab.Now() - start) / batch)
	}
	close(there)
}
