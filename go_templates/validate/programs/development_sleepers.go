package main

import (
	"sync"
	"time"

	"${ module }/internal/lab"
)

var _ = add("sleepers", sleepers)

// sleepers: goroutines sleep for different times and work a little in between.
func sleepers() {
	goroutines, turns := parameter("goroutines", 8), parameter("turns", 25)
	shortest, step, work := parameter("shortest", 700*us), parameter("step", 310*us), parameter("work", 20*us)
	late := make([]*samples, goroutines)
	var wg sync.WaitGroup
	wg.Add(int(goroutines))
	for i := range late {
		late[i] = sampled("late_ns", turns)
	}
	for i := range late {
		go func() {
			wanted := shortest + int64(i)*step
			for j := int64(0); j < turns; j++ {
				start := lab.Now()
				time.Sleep(time.Duration(wanted))
				late[i].add(lab.Now() - start - wanted)
				lab.Work(work)
			}
			wg.Done()
		}()
	}
	wg.Wait()
}
