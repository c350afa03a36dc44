package main

import (
	"context"
	"sync"

	"${ module }/internal/lab"
)

var _ = add("cancel", cancel)

// cancel: goroutines work on until their context is cancelled, and are waited for.
func cancel() {
	rounds, goroutines := parameter("rounds", 60), parameter("goroutines", 6)
	step, before := parameter("step", 50*us), parameter("before", 600*us)
	took := sampled("round_ns", rounds)
	for r := int64(0); r < rounds; r++ {
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Add(int(goroutines))
		for i := int64(0); i < goroutines; i++ {
			go func() {
				for {
					select {
					case <-ctx.Done():
						wg.Done()
						return
					default:
						lab.Work(step)
					}
				}
			}()
		}
		lab.Work(before)
		start := lab.Now()
		stop()
		wg.Wait()
		took.add(lab.Now() - start)
	}
}
