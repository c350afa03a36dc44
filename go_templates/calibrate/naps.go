package main

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

// naps: how much longer than asked a thread sleeps, at what the runtime asks for (3 µs by a thief, 20 µs to 10 ms by
// sysmon), while nothing else runs, and while a thread computes on every CPU.
func naps() {
	lengths := []struct {
		ns    int64
		times int
	}{{3_000, 20}, {20_000, 20}, {100_000, 15}, {1_000_000, 10}, {10_000_000, 4}}
	measure := func(name string) {
		for _, length := range lengths {
			values := make([]int64, length.times)
			for i := range values {
				start := lab.Now()
				nanosleep(length.ns)
				values[i] = lab.Now() - start - length.ns
			}
			record(at(name, "ns", length.ns), 1, values)
		}
	}
	var own threads
	own.start(unpinned, func() { measure("usleep_overshoot") })
	own.Wait()
	besideHogs(func() { measure("usleep_overshoot_busy") })
}

// besideHogs runs a thread while one computes on each CPU.
func besideHogs(body func()) {
	var hogs, own threads
	var stop atomic.Bool
	for _, cpu := range allowedCPUs() {
		hogs.start(cpu, func() {
			for !stop.Load() {
			}
		})
	}
	own.start(unpinned, body)
	own.Wait()
	stop.Store(true)
	hogs.Wait()
}

type epollEvent struct {
	events uint32
	data   [2]uint32 // packed
}

const epollCreateCloexec = 0x80000

// epollWaits: how much longer than its whole milliseconds epoll waits, where nothing else runs and where a thread
// computes on every CPU.
func epollWaits() {
	poll, _, errno := syscall.RawSyscall(syscall.SYS_EPOLL_CREATE1, epollCreateCloexec, 0, 0)
	if errno != 0 {
		panic("epoll_create1: " + errno.Error())
	}
	measure := func(name string, lengths []int64, times []int) {
		var event epollEvent
		for j, ms := range lengths {
			values := make([]int64, times[j])
			for i := range values {
				start := lab.Now()
				syscall.RawSyscall6(syscall.SYS_EPOLL_WAIT, poll, uintptr(unsafe.Pointer(&event)), 1, uintptr(ms), 0, 0)
				values[i] = lab.Now() - start - ms*1_000_000
			}
			record(at(name, "ns", ms*1_000_000), 1, values)
		}
	}
	var own threads
	own.start(unpinned, func() {
		epollTimes(poll)
		measure("epoll_wait_overshoot", []int64{1, 2, 5, 10}, []int{12, 8, 4, 3})
	})
	own.Wait()
	besideHogs(func() { measure("epoll_wait_overshoot_busy", []int64{1, 5}, []int{8, 3}) })
	syscall.Close(int(poll))
}

// epollTimes: the CPU time of waiting a millisecond in epoll: to set the timer, to go to sleep, and to come back from it. An idle
// process pays it for each timer that rings.
func epollTimes(poll uintptr) {
	values := make([]int64, 16)
	for i := range values {
		var event epollEvent
		before := cpuTime()
		syscall.RawSyscall6(syscall.SYS_EPOLL_WAIT, poll, uintptr(unsafe.Pointer(&event)), 1, 1, 0, 0)
		values[i] = cpuTime() - before
	}
	record("epoll_cpu", 1, values)
}

// breaks: a write to an eventfd ends another thread's wait in epoll (netpoll_epoll.go: netpollBreak): what the write
// takes, and until the other runs, from the write's beginning. Each on a CPU of its own, if there are two.
func breaks() {
	cpus := allowedCPUs()
	poll, _, errno := syscall.RawSyscall(syscall.SYS_EPOLL_CREATE1, epollCreateCloexec, 0, 0)
	fd, _, errno2 := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, 0x80800, 0) // close-on-exec, non-blocking
	if errno != 0 || errno2 != 0 || len(cpus) < 2 {
		return
	}
	interest := epollEvent{events: syscall.EPOLLIN}
	syscall.RawSyscall6(syscall.SYS_EPOLL_CTL, poll, syscall.EPOLL_CTL_ADD, fd, uintptr(unsafe.Pointer(&interest)), 0, 0)
	for _, gap := range []int64{20_000, 1_000_000} {
		const times = 15
		var both threads
		var asleep, ran atomic.Int64
		wrote, runs := make([]int64, times), make([]int64, times)
		both.start(cpus[1], func() {
			var event epollEvent
			var count uint64
			for range times {
				asleep.Store(lab.Now())
				syscall.RawSyscall6(syscall.SYS_EPOLL_WAIT, poll, uintptr(unsafe.Pointer(&event)), 1, ^uintptr(0), 0, 0)
				now := lab.Now()
				syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(&count)), 8)
				ran.Store(now)
				for ran.Load() != 0 {
				}
			}
		})
		both.start(cpus[0], func() {
			one := uint64(1)
			for i := range times {
				for asleep.Load() == 0 {
				}
				spinUntil(asleep.Load() + gap)
				start := lab.Now()
				syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&one)), 8)
				wrote[i] = lab.Now() - start
				for ran.Load() == 0 {
				}
				runs[i] = ran.Load() - start
				asleep.Store(0)
				ran.Store(0)
			}
		})
		both.Wait()
		record(at("break_call", "gap", gap), 1, wrote)
		record(at("break_run", "gap", gap), 1, runs)
	}
	syscall.Close(int(fd))
	syscall.Close(int(poll))
}
