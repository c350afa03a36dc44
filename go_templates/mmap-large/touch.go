package main

import "${ module }/internal/lab"

// touch times the first touch of memory page by page, and populating it by one system call, each twice: as
// the process finds the machine (first), and again at once after unmapping, on memory that the host of a
// virtual machine has certainly backed. The touched region stays mapped while the other is populated for the
// first time, so that the two do not share their physical pages.
func touch() {
	rollup, status := openProc("smaps_rollup"), openProc("status")
	touched := newRegion(*size)
	rss, tables, faults := rollup.bytes("Rss"), status.bytes("VmPTE"), minorFaults()
	timed("touch_first_ns", touched.touch)
	lab.Observe("touch_faults", minorFaults()-faults)
	lab.Observe("rss_grown_by_touch_bytes", rollup.bytes("Rss")-rss)
	lab.Observe("page_tables_grown_by_touch_bytes", status.bytes("VmPTE")-tables)
	lab.Observe("huge_bytes", rollup.bytes("AnonHugePages")+rollup.bytes("Private_Hugetlb"))
	populated := newRegion(*size)
	timed("populate_first_ns", populated.populate)

	for range againRounds() {
		touched = touched.renewed()
		timed("touch_again_ns", touched.touch)
		populated = populated.renewed()
		timed("populate_again_ns", populated.populate)
	}
	populated.unmap()
	timed("munmap_touched_ns", touched.unmap)
}

// againRounds is how often the same is done again, one value each. Huge pages that were just freed are what a
// virtual machine's kernel reports to its host as free, so once in a while they come back unbacked; the median of three
// values does not notice. With 4 KiB pages it was not seen, and each round costs seven times as much.
func againRounds() int {
	if *thp != "never" || *hugetlb != "none" {
		return 3
	}
	return 1
}
