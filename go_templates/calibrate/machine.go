package main

import (
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

const (
	stallsFor = 60_000_000
	// stalled is what a thread has lost time for if its clock jumps by it: reading it takes some 50 ns.
	stalled = 2_000
)

// stalls: what a thread that computes loses to ticks, other interrupts and the host (stall), and how long it then has
// its CPU until the next (stall_gap); on every CPU at once.
func stalls() {
	cpus := allowedCPUs()
	lost, between := make([][]int64, len(cpus)), make([][]int64, len(cpus))
	var all threads
	for i, cpu := range cpus {
		lost[i], between[i] = make([]int64, 0, 4000), make([]int64, 0, 4000)
		all.start(cpu, func() {
			since := lab.Now()
			end := since + stallsFor
			for last := since; last < end && len(lost[i]) < cap(lost[i]); {
				now := lab.Now()
				if now-last > stalled {
					lost[i], between[i] = append(lost[i], now-last), append(between[i], last-since)
					since = now
				}
				last = now
			}
		})
	}
	all.Wait()
	for i := range cpus {
		record("stall", 1, lost[i])
		record("stall_gap", 1, between[i])
	}
}

// rounds: the CPU time of a short sleep and of reading the clock, which is what sysmon does in a round.
func rounds() {
	const naps = 50
	values := make([]int64, 6)
	var own threads
	own.start(unpinned, func() {
		for i := range values {
			start := cpuTime()
			for range naps {
				nanosleep(20_000)
				lab.Now()
			}
			values[i] = cpuTime() - start
		}
	})
	own.Wait()
	record("sysmon_round", naps, values)
}

const clockThreadCPUTime = 3

func cpuTime() int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPUTime, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

const (
	packingTurns = 300
	packingTurn  = 1_000_000
	// halfLife is that of what counts as recent use of a CPU. kernel/sched/pelt.c.
	halfLife = 32_000_000
)

// packing: below which use of its CPU, in thousandths, a waker has who it wakes run on that CPU although another idles;
// 0 where it never does. The waker computes for a share of each millisecond that grows from a fifth to all of it, and
// wakes another at its end; how much it has used its CPU of late it reckons as the kernel does.
func packing() {
	cpus := allowedCPUs()
	if len(cpus) < 2 {
		recordCounts("packing_permille", []int64{0})
		return
	}
	p := &pair{}
	used, together := make([]float64, 0, packingTurns), make([]bool, 0, packingTurns)
	var both threads
	both.start(unpinned, func() {
		for range packingTurns {
			p.sleeps()
			p.isHeard()
		}
	})
	both.start(unpinned, func() {
		var use float64
		last := lab.Now()
		for turn := range packingTurns {
			busy := packingTurn/5 + packingTurn*4/5*int64(turn)/packingTurns
			if busy < packingTurn {
				nanosleep(packingTurn - busy)
			}
			now := lab.Now()
			use *= leftAfter(now - last)
			spinUntil(now + busy)
			last = lab.Now()
			decay := leftAfter(last - now)
			use = use*decay + 1 - decay
			for p.asleep.Load() == 0 {
				osyield()
			}
			on := int64(currentCPU())
			if _, _, ok := p.wakes(); ok && turn > packingTurns/10 { // by then what it used before counts little
				used, together = append(used, use), append(together, p.ranOn.Load() == on)
			}
			p.forgets()
		}
	})
	both.Wait()
	recordCounts("packing_permille", []int64{divide(used, together)})
}

// leftAfter is what is left of an average after so many nanoseconds.
func leftAfter(ns int64) float64 {
	left := 1.0
	const step = halfLife / 64
	for ; ns >= step; ns -= step {
		left *= 0.98922801319 // 2^(-1/64)
	}
	return left * (1 - float64(ns)/step*(1-0.98922801319))
}

// divide finds the use, in thousandths, that best parts those below it who ran together from those above who did not.
func divide(used []float64, together []bool) int64 {
	best, found := -1, int64(0)
	for _, border := range append([]float64{0, 2}, used...) {
		right := 0
		for i, use := range used {
			if (use < border) == together[i] {
				right++
			}
		}
		if right > best {
			best, found = right, int64(border*1000)
		}
	}
	return min(found, 1000)
}
