package main

import (
	"runtime/debug"

	"${ module }/internal/lab"
)

// growHeap times the Go heap's growth by one large object, its release to the system, and the growth over
// the released memory. GODEBUG=madvdontneed decides how the release is done, and so what the second growth finds.
func growHeap() {
	timed("heap_first_ns", fill)
	rss := procBytes("smaps_rollup", "Rss")
	timed("heap_release_ns", debug.FreeOSMemory)
	lab.Observe("heap_rss_released_bytes", rss-procBytes("smaps_rollup", "Rss"))
	lab.Observe("heap_lazyfree_bytes", procBytes("smaps_rollup", "LazyFree"))
	timed("heap_again_ns", fill)
}

// fill is not inlined, so that the object is garbage when it returns.
//
//go:noinline
func fill() {
	object := make([]byte, *size)
	for i := 0; i < len(object); i += page {
		object[i] = 1
	}
	sink = object
	sink = nil
}

var sink []byte
