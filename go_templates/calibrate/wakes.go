package main

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

// gaps are how long the woken thread has slept, in nanoseconds.
var gaps = []int64{5_000, 20_000, 100_000, 1_000_000, 5_000_000}

const wakesEach = 8

// pair are two threads that one futex joins. What one tells the other: asleep, when it was about to sleep; ran, when
// it ran again; 0 while neither is so.
type pair struct {
	word    uint32 // the sleeper's futex
	_       [60]byte
	asleep  atomic.Int64
	_       [56]byte
	ran     atomic.Int64
	ranOn   atomic.Int64 // the CPU
	sleptOn atomic.Int64
}

// sleeps waits on the futex, then says when and where it ran, and goes on when the waker has taken note.
//
//go:nosplit
func (p *pair) sleeps() {
	atomic.StoreUint32(&p.word, 0)
	p.asleep.Store(lab.Now())
	for atomic.LoadUint32(&p.word) == 0 {
		futexWait(&p.word, 0)
	}
	ran := lab.Now()
	p.ranOn.Store(int64(currentCPU()))
	p.ran.Store(ran)
}

func (p *pair) isHeard() {
	for p.ran.Load() != 0 {
		osyield() // they may share a CPU
	}
}

// wakes wakes the sleeper: what the call took, and when the sleeper ran, from the call's beginning; not ok where the
// other had not come to sleep yet.
//
//go:nosplit
func (p *pair) wakes() (call, run int64, ok bool) {
	start := lab.Now()
	atomic.StoreUint32(&p.word, 1)
	ok = futexWake(&p.word)
	call = lab.Now() - start
	for p.ran.Load() == 0 {
	}
	return call, p.ran.Load() - start, ok
}

func (p *pair) forgets() {
	p.asleep.Store(0)
	p.ran.Store(0)
}

// placedWakes: what a futex wake costs the waker (wake_call), and how long after its beginning the sleeper runs
// (wake_run), by how long it has slept and by where it may run:
//
//	idle  a CPU of its own, on which nothing runs: it halts, as far as it comes to that in the gap
//	hot   that CPU is kept from halting by a thread of the policy SCHED_IDLE, which gives way to anything
//	hog   a thread like any other computes there: the sleeper has to preempt it
//	same  the waker's CPU
//
// With same, wake_preempts is whether the sleeper ran before the waker's call returned (1) or not (0); what the call
// took is without the time that the sleeper then used.
func placedWakes() {
	cpus := allowedCPUs()
	if len(cpus) > 1 {
		wakesAcross(cpus[0], cpus[1], "idle", gaps)
		beside(cpus[1], schedIdle, func() { wakesAcross(cpus[0], cpus[1], "hot", gaps) })
		beside(cpus[1], 0, func() { wakesAcross(cpus[0], cpus[1], "hog", []int64{100_000, 1_000_000, 5_000_000}) })
	}
	for _, gap := range gaps {
		wakesOnOne(cpus[0], gap)
	}
}

// beside runs what it is given while a thread of a policy computes on a CPU; not at all where it may not have that policy.
func beside(cpu, policy int, body func()) {
	var hog threads
	var stop atomic.Bool
	ready := make(chan bool, 1)
	hog.start(cpu, func() {
		if policy != 0 {
			priority := int32(0)
			_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, uintptr(policy), uintptr(unsafe.Pointer(&priority)))
			if errno != 0 {
				ready <- false
				return
			}
		}
		ready <- true
		for !stop.Load() {
		}
	})
	if <-ready {
		body()
	}
	stop.Store(true)
	hog.Wait()
}

func wakesAcross(from, to int, place string, gaps []int64) {
	for _, gap := range gaps {
		p := &pair{}
		var calls, runs []int64
		var both threads
		both.start(to, func() {
			for range wakesEach {
				p.sleeps()
				p.isHeard()
			}
		})
		both.start(from, func() {
			for range wakesEach {
				for p.asleep.Load() == 0 {
				}
				spinUntil(p.asleep.Load() + gap)
				if call, run, ok := p.wakes(); ok {
					calls, runs = append(calls, call), append(runs, run)
				}
				p.forgets()
			}
		})
		both.Wait()
		record(at("wake_call", "gap", gap, "place", place), 1, calls)
		record(at("wake_run", "gap", gap, "place", place), 1, runs)
	}
}

// wakesOnOne has waker and sleeper on one CPU. Where the sleeper runs at once it sleeps again before the waker's call
// returns; else the waker lets it run by sleeping itself, shortly.
func wakesOnOne(cpu int, gap int64) {
	p := &pair{}
	var calls, runs, preempts []int64
	var both threads
	both.start(cpu, func() {
		for range wakesEach + 1 {
			p.sleeps()
		}
	})
	both.start(cpu, func() {
		for i := range wakesEach + 1 {
			for p.asleep.Load() == 0 {
				osyield()
			}
			spinUntil(p.asleep.Load() + gap)
			p.forgets()
			start := lab.Now()
			atomic.StoreUint32(&p.word, 1)
			ok := futexWake(&p.word)
			end := lab.Now()
			ran, again := p.ran.Load(), p.asleep.Load()
			preempted := int64(0)
			if ran != 0 {
				preempted = 1
				end -= max(again, ran) - ran
			}
			for p.ran.Load() == 0 {
				nanosleep(1)
			}
			if ok && i < wakesEach { // the last has no sleep to come, whose beginning says how long it ran
				calls = append(calls, end-start)
				preempts = append(preempts, preempted)
				if preempted == 1 {
					runs = append(runs, p.ran.Load()-start)
				}
			}
		}
	})
	both.Wait()
	record(at("wake_call", "gap", gap, "place", "same"), 1, calls)
	record(at("wake_run", "gap", gap, "place", "same"), 1, runs)
	recordCounts(at("wake_preempts", "gap", gap, "place", "same"), preempts)
}

// freeWakes: the same with both threads free to run where the kernel puts them. Besides the gap it depends on what the
// waker has done in it, computed (busy) or slept (woken), and on whether the sleeper had run on the waker's CPU (prev).
// Observed is, too, whether the sleeper ran on the waker's CPU (1) or on another (0); the waker goes on computing.
func freeWakes() {
	cpus := allowedCPUs()
	if len(cpus) < 2 {
		return
	}
	for _, gap := range gaps {
		for _, waker := range []string{"busy", "woken"} {
			freeWake(cpus[0], cpus[0], gap, waker, "same")
			freeWake(cpus[0], cpus[1], gap, waker, "other")
		}
	}
}

func freeWake(here, there int, gap int64, waker, prev string) {
	p := &pair{}
	var calls, runs, places []int64
	var both threads
	both.start(there, func() {
		for range wakesEach {
			pin(there)
			anywhere()
			p.sleptOn.Store(int64(currentCPU()))
			p.sleeps()
			p.isHeard()
		}
	})
	both.start(here, func() {
		for range wakesEach {
			pin(here)
			for p.asleep.Load() == 0 {
				osyield() // the sleeper may need this CPU to come to its sleep
			}
			if here == there {
				osyield()
			}
			anywhere()
			if waker == "woken" {
				nanosleep(gap)
			} else {
				spinUntil(p.asleep.Load() + gap)
			}
			on := int64(currentCPU())
			call, run, ok := p.wakes()
			if ok && (p.sleptOn.Load() == on) == (here == there) { // else one was moved meanwhile
				same := int64(0)
				if p.ranOn.Load() == on {
					same = 1
				}
				calls, runs, places = append(calls, call), append(runs, run), append(places, same)
			}
			p.forgets()
		}
	})
	both.Wait()
	record(at("free_wake_call", "gap", gap, "waker", waker, "prev", prev), 1, calls)
	record(at("free_wake_run", "gap", gap, "waker", waker, "prev", prev), 1, runs)
	recordCounts(at("free_wake_same_cpu", "gap", gap, "waker", waker, "prev", prev), places)
}
