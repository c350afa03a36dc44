package main

import (
	"time"

	"${ module }/internal/lab"
)

var _ = add("watchdog", watchdog)

// watchdog: a timer is put off again and again by whoever makes progress, and fires when a piece of work takes too long.
func watchdog() {
	pieces, limit := parameter("pieces", 60), parameter("limit", 1*ms)
	short, long := parameter("short", 300*us), parameter("long", 2*ms)
	late := sampled("late_ns", pieces)
	bitten := int64(0)
	due := int64(0)
	fed := make(chan bool)
	over := make(chan bool)
	go func() {
		timer := time.NewTimer(time.Duration(limit))
		due = lab.Now() + limit
		for {
			select {
			case _, ok := <-fed:
				if !ok {
					timer.Stop()
					over <- true
					return
				}
			case <-timer.C:
				late.add(max(lab.Now()-due, 1))
				bitten++
			}
			timer.Reset(time.Duration(limit))
			due = lab.Now() + limit
		}
	}()
	for i := int64(0); i < pieces; i++ {
		if i%4 == 3 {
			time.Sleep(time.Duration(long))
		} else {
			lab.Work(short)
		}
		fed <- true
	}
	close(fed)
	<-over
	sampled("turns", 1).add(bitten)
}
