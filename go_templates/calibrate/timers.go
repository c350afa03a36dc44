package main

import (
	"runtime"
	"time"

	"${ module }/internal/lab"
)

// timers, on one P: a new one (time.AfterFunc), one that is there and goes into the P's heap again, setting it anew where
// it is in the heap, stopping it; many that are due at once; reading the clock. What a goroutine's sleep costs the CPU
// is its firing, a switch, and adding its timer again.
func timers() {
	const n = 200
	nothing := func() {}
	made, added, reset, stopped := make([]int64, blocks), make([]int64, blocks), make([]int64, blocks), make([]int64, blocks)
	kept := make([]*time.Timer, n)
	stop := func() {
		for _, timer := range kept {
			timer.Stop()
		}
	}
	for i := -1; i < blocks; i++ {
		new := timedOnce(func() {
			for j := range kept {
				kept[j] = time.AfterFunc(time.Hour, nothing)
			}
		})
		stop()
		runtime.Gosched() // the scheduler throws the stopped ones out
		again := timedOnce(func() {
			for _, timer := range kept {
				timer.Reset(time.Hour)
			}
		})
		anew := timedOnce(func() {
			for _, timer := range kept {
				timer.Reset(2 * time.Hour)
			}
		})
		ended := timedOnce(stop)
		runtime.Gosched()
		if i >= 0 {
			made[i], added[i], reset[i], stopped[i] = new, again, anew, ended
		}
	}
	record("timer_new", n, made)
	record("timer_add", n, added)
	record("timer_reset", n, reset)
	record("timer_stop", n, stopped)

	const sleepers = 50
	woken, over := 0, false
	for i := 0; i < sleepers; i++ {
		go func() {
			for !over {
				time.Sleep(time.Millisecond)
				woken++
			}
		}()
	}
	runtime.Gosched()
	values := make([]int64, 12)
	for i := -1; i < len(values); i++ {
		for until := lab.Now() + 1_300_000; lab.Now() < until; {
		}
		woken = 0
		start := lab.Now()
		for woken < sleepers {
			runtime.Gosched()
		}
		if i >= 0 {
			values[i] = lab.Now() - start
		}
	}
	record("sleep_wave", sleepers, values)
	over = true
	time.Sleep(2 * time.Millisecond)

	record("time_now", block, timed(blocks, func() {
		for i := 0; i < block; i++ {
			time.Now()
		}
	}))
}
