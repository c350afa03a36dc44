package main

import (
	"sync"
	"time"

	"${ module }/internal/lab"
)

var _ = add("readers", readers)

// readers: readers share a lock that a writer wants now and then.
func readers() {
	count, writes := parameter("readers", 4), parameter("writes", 14)
	read, write := parameter("read", 30*us), parameter("write", 50*us)
	var mu sync.RWMutex
	var wg sync.WaitGroup
	over := false // under mu
	wait := sampled("wait_ns", writes)
	reads := make([]int64, count)
	wg.Add(int(count))
	for i := range reads {
		go func() {
			for {
				mu.RLock()
				lab.Work(read)
				last := over
				mu.RUnlock()
				lab.Work(read)
				if last {
					wg.Done()
					return
				}
				reads[i]++
			}
		}()
	}
	for i := int64(0); i < writes; i++ {
		time.Sleep(time.Millisecond)
		start := lab.Now()
		mu.Lock()
		wait.add(lab.Now() - start)
		lab.Work(write)
		over = i == writes-1
		mu.Unlock()
	}
	wg.Wait()
	total := int64(0)
	for _, n := range reads {
		total += n
	}
	sampled("turns", 1).add(total)
}
