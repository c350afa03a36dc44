package main

import (
	"sync"

	"${ module }/internal/lab"
)

var _ = add("convoy", convoy)

// convoy: everybody needs the same mutex most of the time.
func convoy() {
	goroutines, turns := parameter("goroutines", 6), parameter("turns", 200)
	held, free := parameter("held", 40*us), parameter("free", 20*us)
	var mu sync.Mutex
	var wg sync.WaitGroup
	waited := int64(0) // under mu
	wg.Add(int(goroutines))
	for i := int64(0); i < goroutines; i++ {
		go func() {
			for j := int64(0); j < turns; j++ {
				start := lab.Now()
				mu.Lock()
				waited += lab.Now() - start
				lab.Work(held)
				mu.Unlock()
				lab.Work(free)
			}
			wg.Done()
		}()
	}
	wg.Wait()
	sampled("waited_ns", 1).add(waited)
}
