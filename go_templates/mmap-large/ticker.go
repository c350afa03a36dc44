package main

import (
	"sync"
	"sync/atomic"
	"time"

	"${ module }/internal/lab"
)

const period = time.Millisecond

// tick has one goroutine receive from a 1 ms ticker while main touches memory. A thread in a page fault
// keeps its P, so how late the ticks come depends on whether there is another P, and on how long one fault is.
func tick() {
	warm := newRegion(*size)
	warm.touch()
	touched := warm.renewed()

	var touching, finished atomic.Int64
	var ready, ended sync.WaitGroup
	ready.Add(1)
	ended.Add(1)
	go func() {
		defer ended.Done()
		listen(&ready, &touching, &finished)
	}()
	ready.Wait()
	touching.Store(lab.Now())
	touched.touch()
	finished.Store(lab.Now())
	ended.Wait()
	lab.Observe("ticker_touch_again_ns", finished.Load()-touching.Load())
}

// listen observes each tick that was due while main touched: how long after it was due it was received. A
// ticker drops ticks that nobody took; the delay of the next one counts from the first that was due.
func listen(ready *sync.WaitGroup, touching, finished *atomic.Int64) {
	var delays []int64
	missed := int64(0)
	start := lab.Now()
	ticker := time.NewTicker(period)
	for due := start + int64(period); ; {
		<-ticker.C
		now := lab.Now()
		if due == start+int64(period) {
			ready.Done() // the ticker is under way
		} else if begun, end := touching.Load(), finished.Load(); begun != 0 && due >= begun && (end == 0 || due < end) {
			delays = append(delays, max(now-due, 0))
			missed += max(now-due, 0) / int64(period)
		} else if end != 0 {
			break
		}
		due = start + ((now-start)/int64(period)+1)*int64(period)
	}
	ticker.Stop()
	for _, delay := range delays {
		lab.Observe("ticker_delay_ns", delay)
	}
	lab.Observe("ticker_ticks", int64(len(delays)))
	lab.Observe("ticker_missed", missed)
}
