package main

import "${ module }/internal/lab"

// touch times the first touch of memory page by page, and populating it by one system call, each twice: as
// the process finds the machine (first), and again at once after unmapping, on memory that the host of a
// virtual machine has certainly backed. The touched region stays mapped while the other is populated for the
// first time, so that the two do not share their physical pages.
func touch() {
	rss := procBytes("smaps_rollup", "Rss")
	touched := newRegion(*size)
	timed("touch_first_ns", touched.touch)
	lab.Observe("rss_grown_by_touch_bytes", procBytes("smaps_rollup", "Rss")-rss)
	lab.Observe("huge_bytes", procBytes("smaps_rollup", "AnonHugePages"))
	populated := newRegion(*size)
	timed("populate_first_ns", populated.populate)
	touched = touched.renewed()
	timed("touch_again_ns", touched.touch)
	populated = populated.renewed()
	timed("populate_again_ns", populated.populate)
	populated.unmap()
	timed("munmap_touched_ns", touched.unmap)
}

func (r region) renewed() region {
	r.unmap()
	return newRegion(r.n)
}

func timed(name string, f func()) {
	start := lab.Now()
	f()
	lab.Observe(name, lab.Now()-start)
}
