package main

import (
	"runtime/debug"

	"${ module }/internal/lab"
)

// growHeap times the Go heap's growth by one large object, its release to the system, and the growth over
// the released memory. GODEBUG=madvdontneed decides how the release is done, and so what the second growth finds.
//
// The two growths differ in one more way: the runtime knows that memory fresh from the system is zero, and
// zeroes what it has used before. So in the first the loop below takes the page faults, and in the second the
// allocator does, while it writes every byte.
func growHeap() {
	rollup := openProc("smaps_rollup")
	timed("heap_first_ns", fill)
	rss := rollup.bytes("Rss")
	timed("heap_release_ns", debug.FreeOSMemory)
	lab.Observe("heap_rss_released_bytes", rss-rollup.bytes("Rss"))
	lab.Observe("heap_lazyfree_bytes", rollup.bytes("LazyFree"))
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
