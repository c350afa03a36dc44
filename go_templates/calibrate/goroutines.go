package main

import (
	"runtime"

	"${ module }/internal/lab"
)

const (
	wave      = 60 // fewer than a P keeps of dead goroutines (proc.go: gfput)
	coldWaves = 15
)

func timedOnce(body func()) int64 {
	start := lab.Now()
	body()
	return lab.Now() - start
}

// goroutines, on one P: the go statement where no dead goroutine can be used again, and where one can; their running
// and ending; Gosched, alone and with another that does the same. It comes first in its process: nothing is dead yet.
func goroutines() {
	ended := 0
	end := func() { ended++ }
	create := func() {
		for i := 0; i < wave; i++ {
			go end()
		}
	}
	cold := make([]int64, coldWaves)
	for i := range cold {
		cold[i] = timedOnce(create)
	}
	record("go_cold", wave, cold)
	drain := func(n int) {
		for ended < n {
			runtime.Gosched()
		}
		ended = 0
	}
	drain(wave * coldWaves)
	created, both := make([]int64, blocks), make([]int64, blocks)
	for i := -1; i < blocks; i++ {
		start := lab.Now()
		create()
		done := lab.Now()
		drain(wave)
		drained := lab.Now()
		if i >= 0 {
			created[i], both[i] = done-start, drained-start
		}
	}
	record("go_new", wave, created)
	record("go_wave", wave, both)

	gosched := func() {
		for i := 0; i < block; i++ {
			runtime.Gosched()
		}
	}
	record(at("gosched", "others", 0), block, timed(blocks, gosched))
	stop := false
	go func() {
		for !stop {
			runtime.Gosched()
		}
	}()
	record(at("gosched", "others", 1), 2*block, timed(blocks, gosched))
	stop = true
	runtime.Gosched()
}
