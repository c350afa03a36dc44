package main

import (
	"time"

	"${ module }/internal/lab"
)

var _ = add("timeouts", timeouts)

// timeouts: each request is answered by a goroutine of its own, or given up after a while.
func timeouts() {
	requests, patience := parameter("requests", 60), parameter("patience", 1500*us)
	shortest, longest := parameter("shortest", 100*us), parameter("longest", 2500*us)
	took := sampled("round_ns", requests)
	given := int64(0)
	for i := int64(0); i < requests; i++ {
		start := lab.Now()
		answer := make(chan bool, 1)
		go func() {
			length := varied(i, shortest, longest)
			lab.Work(length / 4)
			time.Sleep(time.Duration(length - length/4))
			answer <- true
		}()
		select {
		case <-answer:
		case <-time.After(time.Duration(patience)):
			given++
		}
		took.add(lab.Now() - start)
	}
	sampled("turns", 1).add(given)
}
