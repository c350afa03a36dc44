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
// its CPU until the next (stall_gap); on every CPU at once. Before it begins, sysmon has to have backed off: its rounds
// would be taken for interrupts, and the simulator has a sysmon of its own.
func stalls() {
	nanosleep(60_000_000)
	cpus := allowedCPUs()
	lost, between := make([][]int64, len(cpus)), make([][]int64, len(cpus))
	var all threads
	for i, cpu := range cpus {
		lost[i], between[i] = make([]int64, 0, 4000), make([]int64, 0, 4000)
		all.start(cpu, func() {
			begun := lab.Now()
			since, end := begun, begun+stallsFor
			for last := since; last < end && len(lost[i]) < cap(lost[i]); {
				now := lab.Now()
				if now-last > stalled {
					if since != begun { // how long it had the CPU before is not known
						between[i] = append(between[i], last-since)
					}
					lost[i] = append(lost[i], now-last)
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
