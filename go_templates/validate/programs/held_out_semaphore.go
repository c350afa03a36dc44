package main

import (
	"sync"
	"time"

	"${ module }/internal/lab"
)

var _ = add("semaphore", semaphore)

// semaphore: a channel of places lets a few in at a time; inside they work and sleep.
func semaphore() {
	goroutines, turns, places := parameter("goroutines", 12), parameter("turns", 15), parameter("places", 3)
	work, nap := parameter("work", 60*us), parameter("nap", 200*us)
	room := make(chan bool, places)
	wait := make([]*samples, goroutines)
	for i := range wait {
		wait[i] = sampled("wait_ns", turns)
	}
	var wg sync.WaitGroup
	wg.Add(int(goroutines))
	for i := range wait {
		go func() {
			for j := int64(0); j < turns; j++ {
				start := lab.Now()
				room <- true
				wait[i].add(lab.Now() - start)
				lab.Work(work)
				time.Sleep(time.Duration(nap))
				<-room
			}
			wg.Done()
		}()
	}
	wg.Wait()
}
