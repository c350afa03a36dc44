package main

import (
	"syscall"

	"${ module }/internal/lab"
)

// rounds of each call, the kinds in turn; one more round goes before them and is not counted, because the
// first calls of a process grow the kernel's own tables.
const rounds = 20

// reserve times mmap and munmap of address space that nobody touches, by length and protection, and looks
// at what the kernel filled in meanwhile: resident memory and page tables.
func reserve() {
	kinds := []struct {
		name        string
		length      int64
		prot, flags uintptr
	}{
		{"none_1g", 1 << 30, protNone, 0},
		{"none_8g", 8 << 30, protNone, 0},
		{"none_64g", 64 << 30, protNone, 0},
		{"rw_1g", 1 << 30, protRW, 0},
		{"rw_8g", 8 << 30, protRW, 0},
		{"rw_64g", 64 << 30, protRW, 0},
		{"noreserve_64g", 64 << 30, protRW, syscall.MAP_NORESERVE},
	}
	refused := syscall.Errno(0)
	for round := 0; round <= rounds; round++ {
		for _, kind := range kinds {
			start := lab.Now()
			at, errno := mmap(kind.length, kind.prot, kind.flags)
			mapped := lab.Now()
			if errno != 0 {
				refused = errno // more than the kernel promises (vm.overcommit_memory): an answer, not a failure
				continue
			}
			munmap(at, kind.length)
			unmapped := lab.Now()
			if round > 0 {
				lab.Observe("mmap_"+kind.name+"_ns", mapped-start)
				lab.Observe("munmap_"+kind.name+"_ns", unmapped-mapped)
			}
		}
	}
	lab.Observe("mmap_errno", int64(refused))
	rss, tables := procBytes("smaps_rollup", "Rss"), procBytes("status", "VmPTE")
	at, errno := mmap(64<<30, protRW, syscall.MAP_NORESERVE)
	check("mmap", errno)
	lab.Observe("rss_grown_by_mmap_bytes", procBytes("smaps_rollup", "Rss")-rss)
	lab.Observe("page_tables_grown_by_mmap_bytes", procBytes("status", "VmPTE")-tables)
	munmap(at, 64<<30)
}
