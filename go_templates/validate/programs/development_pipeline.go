package main

import "${ module }/internal/lab"

var _ = add("pipeline", pipeline)

// pipeline: items pass through stages, each a goroutine with a channel before it.
func pipeline() {
	items, stages := parameter("items", 500), parameter("stages", 6)
	work, capacity := parameter("work", 10*us), parameter("cap", 4)
	latency := sampled("latency_ns", items)
	first := make(chan int64, capacity)
	in := first
	for s := int64(0); s < stages; s++ {
		out := make(chan int64, capacity)
		go func(in <-chan int64) {
			for began := range in {
				lab.Work(work)
				out <- began
			}
			close(out)
		}(in)
		in = out
	}
	go func() {
		for i := int64(0); i < items; i++ {
			first <- lab.Now()
		}
		close(first)
	}()
	for began := range in {
		latency.add(lab.Now() - began)
	}
}
