package main

import (
	"math"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"${ module }/internal/lab"
)

// nap is how long a goroutine sleeps, or is in the kernel, before it does so again.
const nap = 20 * time.Millisecond

// hogs are those of a mixed population that never stop.
const hogs = 2

// kind is what the goroutines of a population do, and what they do before all begin.
type kind struct {
	name    string
	prepare func()
	do      func()
}

var never = make(chan struct{})

// kinds are all but none and mixed. spinning is one call of a loop without calls: only a signal stops it. spinning_calls calls a function with a
// prologue each microsecond, where the runtime may ask it to stop.
var kinds = []kind{
	{"selecting", func() {}, func() { select {} }},
	{"receiving", func() {}, func() { <-never }},
	{"sleeping", func() {}, func() {
		for {
			time.Sleep(nap)
		}
	}},
	{"calling", func() {}, func() {
		for {
			span := syscall.NsecToTimespec(int64(nap))
			_ = syscall.Nanosleep(&span, nil) // a signal may cut it short
		}
	}},
	{"cgo", func() {}, func() {
		for {
			restInC()
		}
	}},
	{"locked", runtime.LockOSThread, func() { <-never }},
	{"spinning", func() {}, func() { lab.Spin(math.MaxInt64 - 1) }},
	{"spinning_calls", func() {}, func() {
		for {
			lab.Work(1000)
		}
	}},
	{"faulting", fault, func() {
		for {
			fault()
		}
	}},
	{"populating", fill, func() {
		for {
			fill()
		}
	}},
}

// quiet are the kinds that a mixed population has beside its hogs, in turn.
var quiet = kinds[:4]

func names() string {
	all := []string{"mixed"}
	for _, each := range kinds {
		all = append(all, each.name)
	}
	return strings.Join(all, ", ")
}

// doing is what goroutine i of a population does; whether there is such a population.
func doing(population string, i int64) (kind, bool) {
	if population == "none" {
		return kind{}, true
	}
	if population == "mixed" {
		if i < hogs {
			return doing("spinning", i)
		}
		return quiet[i%int64(len(quiet))], true
	}
	for _, each := range kinds {
		if each.name == population {
			return each, true
		}
	}
	return kind{}, false
}

// populate has all goroutines wait at a gate, opens it, and looks when the window is over. They are still there then: a process
// ends with its main goroutine.
func populate() {
	var ready sync.WaitGroup
	gate := make(chan struct{})
	prober := newProber()
	if *probing == "on" {
		ready.Add(1)
		go prober.run(&ready, gate)
	}
	if *population != "none" {
		for i := int64(0); i < *goroutines; i++ {
			each, _ := doing(*population, i)
			ready.Add(1)
			go func() {
				each.prepare()
				ready.Done()
				<-gate
				each.do()
			}()
		}
	}
	ready.Wait()
	before := look()
	close(gate)
	time.Sleep(time.Duration(*window))
	after := look()
	observe(before, after)
	if *probing == "on" {
		prober.observe(before.at, after.at)
	}
}
