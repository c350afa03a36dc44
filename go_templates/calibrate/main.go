// Primitives, measured one by one, each where it will be used: what a simulated program is made of. Nothing
// here knows a scenario. Its arguments name the groups of primitives that this process measures, one after the
// other. The collector is off (GOGC=off), and with GODEBUG=asyncpreemptoff=1 no thread is stopped by a signal where a
// group's threads wait in the kernel without the runtime's knowledge; lab/calibrate sets both.
//
// A value's name says all of it: the cost, its levels, and over how many operations it goes:
// usleep_overshoot{ns=20000}_ns, chan_op/1000_ns.
package main

import (
	"os"
	"runtime"

	"${ module }/internal/lab"
)

// group is what one argument names: how many Ps it needs (0: as many as it has at the start), and what it does.
type group struct {
	ps   int
	body func()
}

var groups = map[string]group{
	"runtime": {1, func() {
		goroutines() // first: nothing is dead yet
		channels()
		selects()
		locks()
		timers()
		calls()
	}},
	"memory":  {0, func() { addressSpace(); pages() }},
	"naps":    {len(allowedCPUs()) + 6, func() { naps(); epollWaits(); breaks() }},
	"wakes":   {8, func() { placedWakes(); freeWakes() }},
	"sharing": {len(allowedCPUs()) + 6, func() { iterations(); contextSwitches(); slices(); spreading() }},
	"threads": {2*(newOnes+earlyOnes) + 4, newThreads},
	"signals": {2, func() { preemption(); lockedHandOver(); sleeps(); idleCycles() }},
	"network": {4, func() { loopback(); netpoll() }},
	"open":    {4, opening},
	"machine": {len(allowedCPUs()) + 4, func() { stalls(); rounds() }},
}

func main() {
	lab.Effective()
	for _, name := range os.Args[1:] {
		group, ok := groups[name]
		if !ok {
			panic("no group of primitives is called " + name)
		}
		if group.ps > 0 {
			runtime.GOMAXPROCS(group.ps)
		}
		group.body()
		lab.Flush()
	}
}
