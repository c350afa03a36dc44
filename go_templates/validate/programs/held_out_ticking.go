package main

import (
	"time"

	"${ module }/internal/lab"
)

var _ = add("ticking", ticking)

// ticking: one receives every tick; another is now and then too slow for its ticker, which drops what nobody takes.
func ticking() {
	ticks, period := parameter("ticks", 60), parameter("period", 1500*us)
	slow, brief := parameter("slow", 2400*us), parameter("brief", 100*us)
	late := sampled("late_ns", ticks)
	over := make(chan bool)
	ended := make(chan int64)
	go func() {
		ticker := time.NewTicker(time.Duration(period))
		taken := int64(0)
		for {
			select {
			case <-ticker.C:
				if taken++; taken%3 == 0 {
					lab.Work(slow)
				}
			case <-over:
				ticker.Stop()
				ended <- taken
				return
			}
		}
	}()
	start := lab.Now()
	ticker := time.NewTicker(time.Duration(period))
	for i := int64(0); i < ticks; i++ {
		<-ticker.C
		late.add((lab.Now() - start) % period)
		lab.Work(brief)
	}
	ticker.Stop()
	close(over)
	sampled("turns", 1).add(<-ended)
}
