package main

import "${ module }/internal/lab"

var _ = add("selects", selects)

// selects: one takes from whichever of several channels has something.
func selects() {
	each, step, handled := parameter("each", 150), parameter("step", 30*us), parameter("handled", 10*us)
	const sources = 4
	latency := sampled("latency_ns", sources*each)
	var from [sources]chan int64
	for i := range from {
		from[i] = make(chan int64, 1)
		go func() {
			for j := int64(0); j < each; j++ {
				lab.Work(int64(i+1) * step)
				from[i] <- lab.Now()
			}
			from[i] <- 0
		}()
	}
	for left := sources; left > 0; {
		var offered int64
		select {
		case offered = <-from[0]:
		case offered = <-from[1]:
		case offered = <-from[2]:
		case offered = <-from[3]:
		}
		if offered == 0 {
			left--
			continue
		}
		latency.add(lab.Now() - offered)
		lab.Work(handled)
	}
}
