package main

import (
	"sync"

	"${ module }/internal/lab"
)

var _ = add("barrier", barrier)

// barrier: all wait for the slowest, which calls them by a broadcast, phase after phase.
func barrier() {
	parties, phases, step := parameter("parties", 5), parameter("phases", 150), parameter("step", 30*us)
	took := sampled("round_ns", phases)
	var mu sync.Mutex
	all := sync.NewCond(&mu)
	arrived, phase := int64(0), int64(0)
	began := lab.Now()
	var wg sync.WaitGroup
	wg.Add(int(parties))
	for i := int64(0); i < parties; i++ {
		go func() {
			for j := int64(0); j < phases; j++ {
				lab.Work((i + 1) * step)
				mu.Lock()
				if arrived++; arrived == parties {
					arrived = 0
					phase++
					now := lab.Now()
					took.add(now - began)
					began = now
					all.Broadcast()
				} else {
					for phase == j {
						all.Wait()
					}
				}
				mu.Unlock()
			}
			wg.Done()
		}()
	}
	wg.Wait()
}
