package main

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

const spinIterations = 100_000

// iterations: the loop behind lab.Work, a thousand of its iterations, with one CPU busy and with all.
func iterations() {
	cpus := allowedCPUs()
	measure := func() []int64 {
		return timed(60, func() { lab.Spin(spinIterations) })
	}
	var own threads
	own.start(cpus[0], func() { record(at("thousand_iterations", "busy", 1), spinIterations/1000, measure()) })
	own.Wait()
	if len(cpus) == 1 {
		return
	}
	var hogs threads
	var stop atomic.Bool
	for _, cpu := range cpus[1:] {
		hogs.start(cpu, func() {
			for !stop.Load() {
				lab.Spin(1000)
			}
		})
	}
	own.start(cpus[0], func() { record(at("thousand_iterations", "busy", len(cpus)), spinIterations/1000, measure()) })
	own.Wait()
	stop.Store(true)
	hogs.Wait()
}

// contextSwitches: between two threads of one CPU that take turns: by sched_yield, by a futex each, by a byte in a pipe
// each. A value is one way: the call that gives the turn away, the switch, and the call that had waited for it.
func contextSwitches() {
	cpu := allowedCPUs()[0]
	turns := func(how string, give, take func(me uint32)) {
		const n, times = 100, 12
		var both threads
		values := make([]int64, times)
		both.start(cpu, func() {
			for i := range times {
				start := lab.Now()
				for range n {
					give(0)
					take(0)
				}
				values[i] = lab.Now() - start
			}
		})
		both.start(cpu, func() {
			for range times * n {
				take(1)
				give(1)
			}
		})
		both.Wait()
		record(at("context_switch", "how", how), 2*n, values)
	}
	var turn uint32
	turns("yield",
		func(me uint32) { atomic.StoreUint32(&turn, 1-me) },
		func(me uint32) {
			for atomic.LoadUint32(&turn) != me {
				osyield()
			}
		})
	var words [2]uint32
	turns("futex",
		func(me uint32) {
			atomic.StoreUint32(&words[1-me], 1)
			futexWake(&words[1-me])
		},
		func(me uint32) {
			for !atomic.CompareAndSwapUint32(&words[me], 1, 0) {
				futexWait(&words[me], 0)
			}
		})
	var pipes [2][2]int
	for i := range pipes {
		if err := syscall.Pipe2(pipes[i][:], syscall.O_CLOEXEC); err != nil {
			panic("pipe2: " + err.Error())
		}
	}
	turns("pipe",
		func(me uint32) { transfer(syscall.SYS_WRITE, pipes[1-me][1]) },
		func(me uint32) { transfer(syscall.SYS_READ, pipes[me][0]) })
	for _, pipe := range pipes {
		syscall.Close(pipe[0])
		syscall.Close(pipe[1])
	}
}

func transfer(call uintptr, fd int) {
	var one [1]byte
	syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&one)), 1)
}

const (
	sharingFor = 150_000_000
	// away is what a thread has lost its CPU for if its clock jumps by it: more than any interrupt takes.
	away = 300_000
)

// slices: how long two or three threads that compute on one CPU run before another does (run), and how long they then
// wait (wait). The first and the last stretch of each are cut off, and left out.
func slices() {
	cpu := allowedCPUs()[0]
	for _, hogs := range []int{2, 3} {
		var all threads
		runs, waits := make([][]int64, hogs), make([][]int64, hogs)
		var started atomic.Int32
		for i := range hogs {
			ran, waited := make([]int64, 0, 1000), make([]int64, 0, 1000)
			all.start(cpu, func() {
				started.Add(1)
				for int(started.Load()) < hogs {
					osyield()
				}
				begin := lab.Now()
				end := begin + sharingFor
				for last, since := begin, int64(0); last < end; {
					now := lab.Now()
					if now-last > away && len(ran) < cap(ran) {
						if since != 0 {
							ran = append(ran, last-since)
							waited = append(waited, now-last)
						}
						since = now
					}
					last = now
				}
				runs[i], waits[i] = ran, waited
			})
		}
		all.Wait()
		for i := range hogs {
			record(at("slice_run", "hogs", hogs), 1, runs[i])
			record(at("slice_wait", "hogs", hogs), 1, waits[i])
		}
	}
}
