package main

import (
	"sync"
	"syscall"

	"${ module }/internal/lab"
)

var _ = add("mixed", mixed)

// mixed: workers take jobs, work, wait in a system call, and note the result under a lock, beside a goroutine that only works.
func mixed() {
	workers, jobs := parameter("workers", 6), parameter("jobs", 240)
	work, call, held, hog := parameter("work", 120*us), parameter("call", 300*us), parameter("held", 30*us), parameter("hog", 30*ms)
	latency := sampled("latency_ns", jobs)
	var mu sync.Mutex
	var wg sync.WaitGroup
	todo := make(chan int64, 8)
	wg.Add(int(workers) + 1)
	go func() {
		lab.Work(hog)
		wg.Done()
	}()
	for w := int64(0); w < workers; w++ {
		go func() {
			for offered := range todo {
				lab.Work(work)
				nap := syscall.NsecToTimespec(call)
				syscall.Nanosleep(&nap, nil)
				mu.Lock()
				lab.Work(held)
				latency.add(lab.Now() - offered)
				mu.Unlock()
			}
			wg.Done()
		}()
	}
	for i := int64(0); i < jobs; i++ {
		todo <- lab.Now()
	}
	close(todo)
	wg.Wait()
}
