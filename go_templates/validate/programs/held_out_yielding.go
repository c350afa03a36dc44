package main

import (
	"runtime"
	"sync"

	"${ module }/internal/lab"
)

var _ = add("yielding", yielding)

// yielding: everybody works a little and lets the others run.
func yielding() {
	goroutines, turns, work := parameter("goroutines", 5), parameter("turns", 400), parameter("work", 20*us)
	laps := make([]*samples, goroutines)
	for i := range laps {
		laps[i] = sampled("round_ns", turns)
	}
	var wg sync.WaitGroup
	wg.Add(int(goroutines))
	for i := range laps {
		go func() {
			for j := int64(0); j < turns; j++ {
				start := lab.Now()
				lab.Work(work)
				runtime.Gosched()
				laps[i].add(lab.Now() - start)
			}
			wg.Done()
		}()
	}
	wg.Wait()
}
