package main

import "${ module }/internal/lab"

var _ = add("initial", func() {})

// init: what happens in an init happens on a locked thread, and every hand-over is dear.
func init() {
	if asked != "initial" {
		return
	}
	rounds, work := parameter("rounds", 400), parameter("work", 15*us)
	const batch = 5
	there, back := make(chan bool), make(chan bool)
	trips := sampled("round_ns", rounds/batch)
	for i := 0; i < 2; i++ {
		go func() {
			for range there {
				lab.Work(work)
				back <- true
			}
		}()
	}
	for i := int64(0); i < rounds/batch; i++ {
		start := lab.Now()
		for j := 0; j < batch; j++ {
			there <- true
			there <- true
			<-back
			<-back
		}
		trips.add((lab.Now() - start) / batch)
	}
}
