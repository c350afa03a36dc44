package main

import "${ module }/internal/lab"

var _ = add("pingpong", pingpong)

// pingpong: two goroutines hand a value to each other over two channels and work a little each time.
func pingpong() {
	rounds, work := parameter("rounds", 2400), parameter("work", 5*us)
	capacity := parameter("cap", 0)
	const batch = 20
	there, back := make(chan int64, capacity), make(chan int64, capacity)
	trips := sampled("round_ns", rounds/batch)
	go func() {
		for v := range there {
			lab.Work(work)
			back <- v
		}
	}()
	for i := int64(0); i < rounds/batch; i++ {
		start := lab.Now()
		for j := 0; j < batch; j++ {
			lab.Work(work)
			there <- i
			<-back
		}
		trips.add((lab.Now() - start) / batch)
	}
	close(there)
}
