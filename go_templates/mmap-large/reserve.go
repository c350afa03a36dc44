package main

import (
	"syscall"

	"${ module }/internal/lab"
)

// rounds of each call, the kinds in turn. The round before them has names of its own: the first call of a
// process finds cold caches, and grows the kernel's own tables of the process.
const rounds = 20

type reservation struct {
	name        string
	length      int64
	prot, flags uintptr
}

var reservations = []reservation{
	{"none_64g", 64 << 30, protNone, 0}, // the first call of all: what a start would pay for it
	{"none_8g", 8 << 30, protNone, 0},
	{"none_1g", 1 << 30, protNone, 0},
	{"rw_1g", 1 << 30, protRW, 0},
	{"rw_8g", 8 << 30, protRW, 0},
	{"rw_64g", 64 << 30, protRW, 0},
	{"noreserve_64g", 64 << 30, protRW, syscall.MAP_NORESERVE},
}

// reserve times mmap and munmap of address space that nobody touches, by length and protection, and looks
// at what the kernel filled in meanwhile: resident memory and page tables.
func reserve() {
	refused := make([]syscall.Errno, len(reservations))
	for round := 0; round <= rounds; round++ {
		suffix := "_ns"
		if round == 0 {
			suffix = "_first_ns"
		}
		for i, kind := range reservations {
			start := lab.Now()
			at, errno := mmap(kind.length, kind.prot, kind.flags)
			mapped := lab.Now()
			if errno != 0 {
				refused[i] = errno // more than the kernel promises (vm.overcommit_memory): an answer, not a failure
				continue
			}
			munmap(at, kind.length)
			unmapped := lab.Now()
			lab.Observe("mmap_"+kind.name+suffix, mapped-start)
			lab.Observe("munmap_"+kind.name+suffix, unmapped-mapped)
		}
	}
	worst := syscall.Errno(0)
	for i, kind := range reservations {
		lab.Observe("mmap_"+kind.name+"_errno", int64(refused[i]))
		worst = max(worst, refused[i])
	}
	lab.Observe("mmap_errno", int64(worst))
	observeGrowth(reservations[0])
}

// observeGrowth says how much a mapping added to what is resident, and to page tables, while it stands.
func observeGrowth(kind reservation) {
	rollup, status := openProc("smaps_rollup"), openProc("status")
	rss, tables := rollup.bytes("Rss"), status.bytes("VmPTE")
	at, errno := mmap(kind.length, kind.prot, kind.flags)
	check("mmap", failure(errno))
	lab.Observe("rss_grown_by_mmap_bytes", rollup.bytes("Rss")-rss)
	lab.Observe("page_tables_grown_by_mmap_bytes", status.bytes("VmPTE")-tables)
	munmap(at, kind.length)
}
