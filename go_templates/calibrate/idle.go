package main

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"${ module }/internal/lab"
)

// sleeps: how much longer than a whole millisecond a goroutine sleeps in an idle process: epoll's overshoot and all
// that the scheduler does. Made of other primitives: it judges, and no model is made of it.
func sleeps() {
	values := make([]int64, 12)
	for i := range values {
		start := lab.Now()
		time.Sleep(time.Millisecond)
		values[i] = lab.Now() - start - int64(time.Millisecond)
	}
	record("sleep_1ms_overshoot", 1, values)
}

// idleCycles: the CPU time of one sleep of a millisecond in an idle process: parking, looking for work everywhere, waiting in
// epoll, waking up. What it grows by with the number of Ps is looking at them: four passes of a thief and the last checks.
func idleCycles() {
	const cpuTime, times, n = 2, 4, 8 // CLOCK_PROCESS_CPUTIME_ID
	used := func() int64 {
		var ts syscall.Timespec
		syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, cpuTime, uintptr(unsafe.Pointer(&ts)), 0)
		return ts.Nano()
	}
	before := runtime.GOMAXPROCS(0)
	for _, ps := range []int{1, 2, 128} {
		runtime.GOMAXPROCS(ps)
		values := make([]int64, times)
		for i := -1; i < times; i++ {
			start := used()
			for range n {
				time.Sleep(time.Millisecond)
			}
			if i >= 0 {
				values[i] = used() - start
			}
		}
		record(at("idle_cycle_cpu", "ps", ps), n, values)
	}
	runtime.GOMAXPROCS(before)
}
