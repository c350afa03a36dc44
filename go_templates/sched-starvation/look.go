package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

// counts are the runtime's own where the program is built over its counters (go_templates/overlays/counters.toml), and zeroes otherwise: calls
// of stealWork, batches stolen, calls of handoffp, 1 where there are counters, and the number of sysmon's thread.
//
//go:linkname counts runtime.golabCounts
var counts [5]uint64

// sight is what can be seen of the process at an instant; sysmon is the CPU time of its thread.
type sight struct {
	at, cpu, sysmon int64
	counts          [5]uint64
}

func look() sight {
	var used syscall.Rusage
	check("getrusage", syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	seen := sight{at: lab.Now(), cpu: used.Utime.Nano() + used.Stime.Nano()}
	for i := range seen.counts {
		seen.counts[i] = atomic.LoadUint64(&counts[i])
	}
	if thread := seen.counts[4]; thread != 0 {
		seen.sysmon = cpuTime(thread)
	}
	return seen
}

// cpuTime asks the clock of a thread of this process, as pthread_getcpuclockid makes it (include/linux/posix-timers_types.h): the complement
// of its number, and CPUCLOCK_SCHED of one thread.
func cpuTime(thread uint64) int64 {
	var used syscall.Timespec
	clock := int32(^uint32(thread)<<3 | 4 | 2)
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&used)), 0)
	if errno != 0 {
		check("clock_gettime of sysmon's thread", errno)
	}
	return used.Nano()
}

// observe says what came to pass between two looks, each second, and how many threads there are.
func observe(before, after sight) {
	elapsed := after.at - before.at
	lab.Observe("cpu_us_per_s", max(1, (after.cpu-before.cpu)*1_000_000/elapsed))
	lab.Observe("threads", threads())
	if after.counts[3] == 0 {
		return
	}
	lab.Observe("sysmon_us_per_s", (after.sysmon-before.sysmon)*1_000_000/elapsed)
	for i, name := range []string{"looks_per_s", "steals_per_s", "handoffs_per_s"} {
		lab.Observe(name, int64(after.counts[i]-before.counts[i])*1_000_000_000/elapsed)
	}
}

func threads() int64 {
	content, err := os.ReadFile("/proc/self/status")
	check("reading /proc/self/status", err)
	_, rest, _ := bytes.Cut(content, []byte("\nThreads:\t"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.ParseInt(string(line), 10, 64)
	check("reading /proc/self/status", err)
	return n
}

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "sched-starvation: %s: %v\n", what, err)
		os.Exit(1)
	}
}
