package main

import (
	"sync"

	"${ module }/internal/lab"
)

var _ = add("fanout", fanout)

// fanout: in each round some goroutines are started, work, and are waited for.
func fanout() {
	rounds, width, work := parameter("rounds", 80), parameter("width", 8), parameter("work", 100*us)
	took := sampled("round_ns", rounds)
	var wg sync.WaitGroup
	for i := int64(0); i < rounds; i++ {
		start := lab.Now()
		wg.Add(int(width))
		for j := int64(0); j < width; j++ {
			go func() {
				lab.Work(work)
				wg.Done()
			}()
		}
		wg.Wait()
		took.add(lab.Now() - start)
	}
}
