package main

import (
	"runtime"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

const (
	readWrite         = syscall.PROT_READ | syscall.PROT_WRITE
	page              = 4 << 10
	hugePage          = 2 << 20
	region            = 96 << 20
	madvHugepage      = 14
	madvNoHugepage    = 15
	madvPopulateWrite = 23
)

// addressSpace: mmap and munmap of ranges that nobody touches, the kinds in turn, after one round uncounted. Raw
// calls, so that the runtime's own part of them is not counted twice.
func addressSpace() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	type kind struct {
		prot         string
		length       int
		asked, flags uintptr
		maps, unmaps []int64
	}
	var kinds []*kind
	for _, length := range []int{1 << 30, 8 << 30, 64 << 30} {
		kinds = append(kinds,
			&kind{prot: "none", length: length, asked: syscall.PROT_NONE},
			&kind{prot: "rw", length: length, asked: readWrite},
			&kind{prot: "noreserve", length: length, asked: readWrite, flags: syscall.MAP_NORESERVE})
	}
	for round := 0; round <= 15; round++ {
		for _, kind := range kinds {
			start := lab.Now()
			at, errno := mmap(uintptr(kind.length), kind.asked, kind.flags)
			mapped := lab.Now()
			if errno != 0 {
				continue // more than the kernel promises: this one has no cost here
			}
			munmap(at, uintptr(kind.length))
			unmapped := lab.Now()
			if round > 0 {
				kind.maps = append(kind.maps, mapped-start)
				kind.unmaps = append(kind.unmaps, unmapped-mapped)
			}
		}
	}
	for _, kind := range kinds {
		record(at("mmap", "bytes", kind.length, "prot", kind.prot), 1, kind.maps)
		record(at("munmap", "bytes", kind.length, "prot", kind.prot), 1, kind.unmaps)
	}
}

// pages: faults, populating and unmapping by page size, on memory that the host of a virtual machine has backed: each
// kind has touched and unmapped as much just before. Then munmap of touched ranges by their size, a whole call each.
func pages() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, kind := range []struct {
		size   int
		advice uintptr
	}{{page, madvNoHugepage}, {hugePage, madvHugepage}} {
		var faults, unmaps, populates []int64
		for round := 0; round <= 2; round++ {
			mapped, at := aligned(region, kind.advice)
			start := lab.Now()
			touch(at, region)
			touched := lab.Now()
			munmap(mapped, region+hugePage)
			unmapped := lab.Now()
			mapped, at = aligned(region, kind.advice)
			populating := lab.Now()
			_, _, errno := syscall.RawSyscall(syscall.SYS_MADVISE, at, region, madvPopulateWrite)
			populated := lab.Now()
			munmap(mapped, region+hugePage)
			if round > 0 {
				faults, unmaps = append(faults, touched-start), append(unmaps, unmapped-touched)
				if errno == 0 {
					populates = append(populates, populated-populating)
				}
			}
		}
		n := region / kind.size
		record(at("fault", "page", kind.size), n, faults)
		record(at("unmap", "page", kind.size), n, unmaps)
		record(at("populate", "page", kind.size), n, populates)
		for _, touched := range []struct{ size, times int }{{2 << 20, 8}, {16 << 20, 4}, {192 << 20, 1}} {
			var values []int64
			for range touched.times {
				mapped, at := aligned(uintptr(touched.size), kind.advice)
				touch(at, touched.size)
				start := lab.Now()
				munmap(mapped, uintptr(touched.size+hugePage))
				values = append(values, lab.Now()-start)
			}
			record(at("munmap_touched", "page", kind.size, "bytes", touched.size), 1, values)
		}
	}
}

func aligned(size, advice uintptr) (mapped, at uintptr) {
	mapped, errno := mmap(size+hugePage, readWrite, syscall.MAP_NORESERVE)
	if errno != 0 {
		panic("mmap: " + errno.Error())
	}
	at = (mapped + hugePage - 1) &^ (hugePage - 1)
	syscall.RawSyscall(syscall.SYS_MADVISE, at, size, advice)
	return mapped, at
}

func touch(at uintptr, size int) {
	bytes := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), at)), size)
	for i := 0; i < size; i += page {
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
