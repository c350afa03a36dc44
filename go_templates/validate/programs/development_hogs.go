package main

import (
	"sync"
	"time"

	"${ module }/internal/lab"
)

var _ = add("hogs", hogs)

// hogs: a goroutine wants to run every few milliseconds, beside others that never stop by themselves.
func hogs() {
	count, work := parameter("hogs", 2), parameter("work", 70*ms)
	period := parameter("period", 3*ms)
	late := sampled("late_ns", 256)
	var wg sync.WaitGroup
	wg.Add(int(count))
	over := make(chan bool)
	ended := make(chan bool)
	go func() {
		for {
			start := lab.Now()
			time.Sleep(time.Duration(period))
			select {
			case <-over:
				ended <- true
				return
			default:
				late.add(lab.Now() - start - period)
			}
		}
	}()
	for i := int64(0); i < count; i++ {
		go func() {
			lab.Work(work)
			wg.Done()
		}()
	}
	wg.Wait()
	close(over)
	<-ended
}
