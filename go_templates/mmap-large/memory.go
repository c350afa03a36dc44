package main

import (
	"os"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

const (
	page     = 4 << 10
	hugePage = 2 << 20

	protNone = syscall.PROT_NONE
	protRW   = syscall.PROT_READ | syscall.PROT_WRITE

	mapHugetlb = 0x40000

	madvHugepage      = 14
	madvPopulateWrite = 23
	prSetThpDisable   = 41
)

// mmap maps n fresh bytes, private and anonymous, wherever the kernel likes. The system call itself:
// syscall.Mmap would keep books under a lock.
func mmap(n int64, prot, flags uintptr) (uintptr, syscall.Errno) {
	at, _, errno := syscall.Syscall6(syscall.SYS_MMAP, 0, uintptr(n), prot, syscall.MAP_PRIVATE|syscall.MAP_ANON|flags, ^uintptr(0), 0)
	return at, errno
}

func munmap(at uintptr, n int64) {
	_, _, errno := syscall.Syscall(syscall.SYS_MUNMAP, at, uintptr(n), 0)
	check("munmap", failure(errno))
}

func madvise(at uintptr, n int64, advice uintptr) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_MADVISE, at, uintptr(n), advice)
	return errno
}

// region is n bytes that begin at a 2 MiB boundary, within a mapping that is longer where the kernel would not align it.
type region struct {
	mapped, at uintptr
	n, whole   int64
}

// newRegion maps without touching; under -thp=madvise it asks for huge pages before anything is there, under -thp=always
// they come unasked.
func newRegion(n int64) region {
	if *hugetlb != "none" {
		return newHugetlb(n)
	}
	mapped, errno := mmap(n+hugePage, protRW, syscall.MAP_NORESERVE)
	check("mmap", failure(errno))
	r := region{mapped: mapped, at: (mapped + hugePage - 1) &^ (hugePage - 1), n: n, whole: n + hugePage}
	if *thp == "madvise" {
		check("madvise(MADV_HUGEPAGE)", failure(madvise(r.at, n, madvHugepage)))
	}
	return r
}

// newHugetlb maps huge pages that the kernel keeps in a pool. It reserves them at once, and says so here where there are too
// few: with MAP_NORESERVE the first touch beyond the pool would end in SIGBUS.
func newHugetlb(n int64) region {
	at, errno := mmap(n, protRW, mapHugetlb)
	if errno == syscall.ENOMEM {
		lab.Observe("mmap_errno", int64(errno))
		lab.Flush()
		os.Exit(0)
	}
	check("mmap(MAP_HUGETLB)", failure(errno))
	return region{mapped: at, at: at, n: n, whole: n}
}

func (r region) unmap() { munmap(r.mapped, r.whole) }

// renewed is the same length again, with nothing in it: its pages go back to the kernel and come from there.
func (r region) renewed() region {
	r.unmap()
	return newRegion(r.n)
}

// touch writes one byte of each 4 KiB page, in order: a page fault for each page that is not there yet.
func (r region) touch() {
	bytes := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), r.at)), r.n)
	for i := int64(0); i < r.n; i += page {
		bytes[i] = 1
	}
}

// populate has the kernel do the same within one system call. MADV_POPULATE_WRITE and not MAP_POPULATE, which
// has filled the mapping with 4 KiB pages before anybody could ask for huge ones.
func (r region) populate() {
	check("madvise(MADV_POPULATE_WRITE), Linux 5.14 or later", failure(madvise(r.at, r.n, madvPopulateWrite)))
}

func forbidHugePages() {
	_, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prSetThpDisable, 1, 0, 0, 0, 0)
	check("prctl(PR_SET_THP_DISABLE)", failure(errno))
}

// failure makes an Errno of 0 a nil error.
func failure(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
