package main

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"${ module }/internal/lab"
)

// gaps are the times between two requests: exponential, and the same in every process, so that two cells differ by nothing but their levels.
type gaps uint64

const firstGaps gaps = 0x9E3779B97F4A7C15

func (g *gaps) next(mean int64) int64 {
	x := uint64(*g)
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*g = gaps(x)
	return int64(-math.Log((float64(x>>11)+0.5)/(1<<53)) * float64(mean))
}

// serve starts a goroutine for each request when it is due, or as soon as it can after that. A request takes from when it was due, not from when
// somebody had time to see it.
func serve() {
	var requests []int64
	source := firstGaps
	for due := source.next(*every); due < *window; due += source.next(*every) {
		requests = append(requests, due)
	}
	took := make([]int64, len(requests))
	var served atomic.Int64
	var ended sync.WaitGroup
	before := look()
	for i, after := range requests {
		due := before.at + after
		if wait := due - lab.Now(); wait > 0 {
			time.Sleep(time.Duration(wait))
		}
		ended.Add(1)
		go func() {
			lab.Work(*service)
			took[i] = lab.Now() - due
			served.Add(1)
			ended.Done()
		}()
	}
	if left := before.at + *window - lab.Now(); left > 0 {
		time.Sleep(time.Duration(left))
	}
	after := look()
	lab.Observe("served_per_s", served.Load()*1_000_000_000/(after.at-before.at))
	observe(before, after)
	ended.Wait()
	for _, each := range took {
		lab.Observe("request_ns", each)
	}
}
