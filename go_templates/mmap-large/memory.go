package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

const (
	page     = 4 << 10
	hugePage = 2 << 20

	protNone = syscall.PROT_NONE
	protRW   = syscall.PROT_READ | syscall.PROT_WRITE

	madvHugepage      = 14
	madvPopulateWrite = 23
	prSetThpDisable   = 41
)

// mmap maps n fresh bytes, private and anonymous, wherever the kernel likes.
func mmap(n int64, prot, flags uintptr) (uintptr, syscall.Errno) {
	at, _, errno := syscall.Syscall6(syscall.SYS_MMAP, 0, uintptr(n), prot, syscall.MAP_PRIVATE|syscall.MAP_ANON|flags, ^uintptr(0), 0)
	return at, errno
}

func munmap(at uintptr, n int64) {
	_, _, errno := syscall.Syscall(syscall.SYS_MUNMAP, at, uintptr(n), 0)
	check("munmap", errno)
}

// region is n bytes that begin at a 2 MiB boundary, within a mapping that is 2 MiB longer.
type region struct {
	mapped, at uintptr
	n          int64
}

// newRegion maps without touching; under -thp=madvise it asks for huge pages before anything is there.
func newRegion(n int64) region {
	mapped, errno := mmap(n+hugePage, protRW, syscall.MAP_NORESERVE)
	check("mmap", errno)
	r := region{mapped: mapped, at: (mapped + hugePage - 1) &^ (hugePage - 1), n: n}
	if *thp == "madvise" {
		_, _, errno = syscall.Syscall(syscall.SYS_MADVISE, r.at, uintptr(n), madvHugepage)
		check("madvise(MADV_HUGEPAGE)", errno)
	}
	return r
}

func (r region) unmap() { munmap(r.mapped, r.n+hugePage) }

// touch writes one byte of each 4 KiB page, in order: a page fault for each page that is not there yet.
func (r region) touch() {
	bytes := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), r.at)), r.n)
	for i := int64(0); i < r.n; i += page {
		bytes[i] = 1
	}
}

// populate has the kernel do the same within one system call. MADV_POPULATE_WRITE rather than MAP_POPULATE,
// which fills the pages before anybody can ask for huge ones.
func (r region) populate() {
	_, _, errno := syscall.Syscall(syscall.SYS_MADVISE, r.at, uintptr(r.n), madvPopulateWrite)
	check("madvise(MADV_POPULATE_WRITE), Linux 5.14 or later", errno)
}

func forbidHugePages() {
	_, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prSetThpDisable, 1, 0, 0, 0, 0)
	check("prctl(PR_SET_THP_DISABLE)", errno)
}

// procBytes reads a field that /proc gives in kB, such as Rss of smaps_rollup or VmPTE of status.
func procBytes(file, field string) int64 {
	content, err := os.ReadFile("/proc/self/" + file)
	if err != nil {
		fail("reading /proc/self/"+file, err)
	}
	for _, line := range bytes.Split(content, []byte{'\n'}) {
		name, value, _ := bytes.Cut(line, []byte{':'})
		if words := bytes.Fields(value); string(name) == field && len(words) == 2 {
			n, err := strconv.ParseInt(string(words[0]), 10, 64)
			if err == nil {
				return n << 10
			}
		}
	}
	fail("reading /proc/self/"+file, fmt.Errorf("there is no %s", field))
	return 0
}

func check(what string, errno syscall.Errno) {
	if errno != 0 {
		fail(what, errno)
	}
}

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "mmap-large: %s: %v\n", what, err)
	os.Exit(1)
}
