// Primitives, measured one by one, each where it will be used: what a simulated program is made of. Nothing
// here knows a scenario. System calls are raw, so that the runtime's own part of them is not counted twice.
package main

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"${ module }/internal/lab"
)

func main() {
	lab.Effective()
	runtime.LockOSThread()
	addressSpace()
	pages()
	naps()
	runtime.UnlockOSThread()
	sleeps()
	lab.Flush()
}

// addressSpace: mmap and munmap of ranges that nobody touches, the kinds in turn, after one round uncounted.
func addressSpace() {
	kinds := []struct {
		name   string
		length uintptr
		prot   uintptr
		flags  uintptr
	}{
		{"none_1g", 1 << 30, syscall.PROT_NONE, 0},
		{"none_8g", 8 << 30, syscall.PROT_NONE, 0},
		{"none_64g", 64 << 30, syscall.PROT_NONE, 0},
		{"rw_1g", 1 << 30, readWrite, 0},
		{"rw_8g", 8 << 30, readWrite, 0},
		{"rw_64g", 64 << 30, readWrite, 0},
		{"noreserve_1g", 1 << 30, readWrite, syscall.MAP_NORESERVE},
		{"noreserve_8g", 8 << 30, readWrite, syscall.MAP_NORESERVE},
		{"noreserve_64g", 64 << 30, readWrite, syscall.MAP_NORESERVE},
	}
	for round := 0; round <= 15; round++ {
		for _, kind := range kinds {
			start := lab.Now()
			at, errno := mmap(kind.length, kind.prot, kind.flags)
			mapped := lab.Now()
			if errno != 0 {
				continue // more than the kernel promises: this one has no cost here
			}
			munmap(at, kind.length)
			unmapped := lab.Now()
			if round > 0 {
				lab.Observe("mmap_"+kind.name+"_ns", mapped-start)
				lab.Observe("munmap_"+kind.name+"_ns", unmapped-mapped)
			}
		}
	}
}

const (
	readWrite         = syscall.PROT_READ | syscall.PROT_WRITE
	page              = 4 << 10
	hugePage          = 2 << 20
	region            = 96 << 20
	madvHugepage      = 14
	madvNoHugepage    = 15
	madvPopulateWrite = 23
)

// pages: faults, populating and unmapping of 96 MiB, by page size, on memory that the host of a virtual
// machine has backed: each kind has touched and unmapped as much just before. Observed is the whole region.
func pages() {
	for _, kind := range []struct {
		name   string
		advice uintptr
	}{{"4k", madvNoHugepage}, {"2m", madvHugepage}} {
		for round := 0; round <= 2; round++ {
			mapped, at := aligned(kind.advice)
			start := lab.Now()
			touch(at)
			touched := lab.Now()
			munmap(mapped, region+hugePage)
			unmapped := lab.Now()
			mapped, at = aligned(kind.advice)
			populating := lab.Now()
			_, _, errno := syscall.RawSyscall(syscall.SYS_MADVISE, at, region, madvPopulateWrite)
			populated := lab.Now()
			munmap(mapped, region+hugePage)
			if round > 0 {
				lab.Observe("fault_"+kind.name+"_ns", touched-start)
				lab.Observe("unmap_"+kind.name+"_ns", unmapped-touched)
				if errno == 0 {
					lab.Observe("populate_"+kind.name+"_ns", populated-populating)
				}
			}
		}
	}
}

func aligned(advice uintptr) (mapped, at uintptr) {
	mapped, errno := mmap(region+hugePage, readWrite, syscall.MAP_NORESERVE)
	if errno != 0 {
		panic("mmap of 96 MiB: " + errno.Error())
	}
	at = (mapped + hugePage - 1) &^ (hugePage - 1)
	syscall.RawSyscall(syscall.SYS_MADVISE, at, region, advice)
	return mapped, at
}

func touch(at uintptr) {
	bytes := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), at)), region)
	for i := 0; i < region; i += page {
		bytes[i] = 1
	}
}

func mmap(n, prot, flags uintptr) (uintptr, syscall.Errno) {
	at, _, errno := syscall.RawSyscall6(syscall.SYS_MMAP, 0, n, prot, syscall.MAP_PRIVATE|syscall.MAP_ANON|flags, ^uintptr(0), 0)
	return at, errno
}

func munmap(at, n uintptr) {
	syscall.RawSyscall(syscall.SYS_MUNMAP, at, n, 0)
}

// naps: how much longer than asked a thread sleeps, at the two ends of what sysmon asks for.
func naps() {
	for _, nap := range []struct {
		name  string
		ns    int64
		times int
	}{{"20us", 20_000, 40}, {"10ms", 10_000_000, 6}} {
		for i := 0; i < nap.times; i++ {
			ts := syscall.NsecToTimespec(nap.ns)
			start := lab.Now()
			syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
			lab.Observe("nap_"+nap.name+"_overshoot_ns", lab.Now()-start-nap.ns)
		}
	}
}

// sleeps: how much longer than a whole millisecond a goroutine sleeps in an idle process. The M that finds
// nothing to do waits in epoll, whose time-out has whole milliseconds; the rest is timer slack and waking up.
func sleeps() {
	for i := 0; i < 25; i++ {
		start := lab.Now()
		time.Sleep(time.Millisecond)
		lab.Observe("sleep_1ms_overshoot_ns", lab.Now()-start-int64(time.Millisecond))
	}
}
