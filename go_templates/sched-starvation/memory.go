package main

import (
	"syscall"
	"unsafe"
)

const (
	page = 4 << 10
	// shared is how much fresh memory a population has, each goroutine an equal part.
	shared = 64 << 20

	madvNohugepage    = 15
	madvPopulateWrite = 23
)

// fault has each page of fresh memory faulted in: a fault is part of an instruction, so the goroutine keeps its P meanwhile.
func fault() {
	afresh(func(at uintptr, n int64) {
		bytes := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), at)), n)
		for i := int64(0); i < n; i += page {
			bytes[i] = 1
		}
	})
}

// fill has the kernel do the same in one system call, for which the P need not wait.
func fill() {
	afresh(func(at uintptr, n int64) {
		call("madvise(MADV_POPULATE_WRITE), Linux 5.14 or later", syscall.SYS_MADVISE, at, uintptr(n), madvPopulateWrite)
	})
}

// afresh maps a goroutine's part, has something done with it, and unmaps it. By the system calls themselves: syscall.Mmap keeps books under a lock.
func afresh(use func(at uintptr, n int64)) {
	n := max(shared / *goroutines / page, 1) * page
	at, _, errno := syscall.Syscall6(syscall.SYS_MMAP, 0, uintptr(n), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON, ^uintptr(0), 0)
	if errno != 0 {
		check("mmap", errno)
	}
	// Pages of 4 KiB. A kernel without huge pages knows no such advice, and needs none.
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, at, uintptr(n), madvNohugepage)
	use(at, n)
	call("munmap", syscall.SYS_MUNMAP, at, uintptr(n), 0)
}

func call(what string, number, first, second, third uintptr) {
	if _, _, errno := syscall.Syscall(number, first, second, third); errno != 0 {
		check(what, errno)
	}
}
