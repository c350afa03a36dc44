package main

import (
	"sync"

	"${ module }/internal/lab"
)

var _ = add("group", group)

// group: tasks run in goroutines of their own, at most so many at a time; the first that fails says so once.
func group() {
	tasks, limit := parameter("tasks", 400), parameter("limit", 4)
	shortest, longest := parameter("shortest", 40*us), parameter("longest", 200*us)
	latency := sampled("latency_ns", tasks)
	var mu sync.Mutex
	var once sync.Once
	var wg sync.WaitGroup
	var failed int64
	room := make(chan bool, limit)
	for i := int64(0); i < tasks; i++ {
		offered := lab.Now()
		room <- true
		wg.Add(1)
		go func() {
			lab.Work(varied(i, shortest, longest))
			if i%3 == 0 {
				once.Do(func() { failed = i })
			}
			mu.Lock()
			latency.add(lab.Now() - offered)
			mu.Unlock()
			<-room
			wg.Done()
		}()
	}
	wg.Wait()
	sampled("failed", 1).add(failed)
}
