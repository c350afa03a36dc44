package main

import (
	"time"

	"${ module }/internal/lab"
)

var _ = add("bursts", bursts)

// bursts: items come many at a time, and consumers that were idle have to catch up.
func bursts() {
	count, size := parameter("bursts", 30), parameter("size", 16)
	consumers, work, pause := parameter("consumers", 3), parameter("work", 100*us), parameter("pause", 2*ms)
	latency, took := sampled("latency_ns", count*size), sampled("round_ns", count)
	items, done := make(chan int64, size), make(chan int64, size)
	for c := int64(0); c < consumers; c++ {
		go func() {
			for offered := range items {
				lab.Work(work)
				done <- lab.Now() - offered
			}
		}()
	}
	for i := int64(0); i < count; i++ {
		time.Sleep(time.Duration(pause))
		start := lab.Now()
		for j := int64(0); j < size; j++ {
			items <- lab.Now()
		}
		for j := int64(0); j < size; j++ {
			latency.add(<-done)
		}
		took.add(lab.Now() - start)
	}
	close(items)
}
