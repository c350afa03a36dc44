package main

import (
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

// What a thread asks of the kernel, without the runtime's knowledge: its P stays with it, as if it computed. The
// groups that use this run with GODEBUG=asyncpreemptoff=1, or sysmon's signals would end their waits, and with more
// Ps than they have threads. Nothing here grows the stack, for that is where a goroutine is asked to yield.

const (
	futexWaitPrivate = 0 | 128
	futexWakePrivate = 1 | 128
	sysGetcpu        = 309
	schedIdle        = 5
)

//go:nosplit
func futexWait(word *uint32, value uint32) {
	syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitPrivate, uintptr(value), 0, 0, 0)
}

// futexWake says whether there was somebody to wake.
//
//go:nosplit
func futexWake(word *uint32) bool {
	woken, _, _ := syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakePrivate, 1, 0, 0, 0)
	return woken == 1
}

//go:nosplit
func osyield() { syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }

//go:nosplit
func nanosleep(ns int64) {
	ts := syscall.NsecToTimespec(ns)
	syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// currentCPU is the CPU that this thread runs on.
//
//go:nosplit
func currentCPU() int {
	var cpu uint32
	syscall.RawSyscall(sysGetcpu, uintptr(unsafe.Pointer(&cpu)), 0, 0)
	return int(cpu)
}

type cpuMask [128]uint64

// everyCPU is what the process may use, as it was at the start.
var everyCPU = func() (mask cpuMask) {
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	return mask
}()

// allowedCPUs are the CPUs of everyCPU.
func allowedCPUs() (cpus []int) {
	for cpu := range len(everyCPU) * 64 {
		if everyCPU[cpu/64]&(1<<(cpu%64)) != 0 {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// pin keeps this thread on one CPU; anywhere lets it go where it may, without moving it.
func pin(cpu int) {
	var mask cpuMask
	mask[cpu/64] = 1 << (cpu % 64)
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
}

func anywhere() {
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(everyCPU), uintptr(unsafe.Pointer(&everyCPU)))
}

const unpinned = -1

// threads runs what it is given in threads of their own, which end with it.
type threads struct{ sync.WaitGroup }

func (t *threads) start(cpu int, body func()) {
	t.Add(1)
	go func() {
		runtime.LockOSThread()
		if cpu != unpinned {
			pin(cpu)
		}
		body()
		t.Done()
	}()
}

// spinUntil uses the CPU until then.
//
//go:nosplit
func spinUntil(then int64) {
	for lab.Now() < then {
	}
}
