// Mapping and first touch of large memory: what one mmap costs, what touching or populating the pages costs,
// what growing the Go heap costs, and what another goroutine feels meanwhile.
package main

import (
	"flag"
	"fmt"
	"os"

	"${ module }/internal/lab"
)

const (
	defaultMode          = ${ defaults.mode | go }
	defaultSize    int64 = ${ defaults.size | go }
	defaultTHP           = ${ defaults.thp | go }
	defaultHugetlb       = ${ defaults.hugetlb | go }
)

var (
	mode = flag.String("mode", defaultMode, "reserve, touch, heap or ticker")
	size = flag.Int64("size", defaultSize, "bytes to touch, populate or grow by")
	thp  = flag.String("thp", defaultTHP, "never: 4 KiB pages only; madvise: ask for 2 MiB pages; always: get them unasked, where the machine is set so")

	hugetlb = flag.String("hugetlb", defaultHugetlb, "pool or overcommit: huge pages that the machine has reserved, or may have beyond those; none: others")
)

var modes = map[string]func(){"reserve": reserve, "touch": touch, "heap": growHeap, "ticker": tick}

var pagings = map[string]bool{"never": true, "madvise": true, "always": true}

func main() {
	flag.Parse()
	run, ok := modes[*mode]
	if !ok || *size <= 0 || !pagings[*thp] {
		fmt.Fprintf(os.Stderr, "mmap-large: cannot do -mode=%s -size=%d -thp=%s\n", *mode, *size, *thp)
		os.Exit(2)
	}
	if *thp == "never" {
		forbidHugePages()
	}
	lab.Effective()
	run()
	lab.Flush()
}

// timed observes how long f took.
func timed(name string, f func()) {
	start := lab.Now()
	f()
	lab.Observe(name, lab.Now()-start)
}

func check(what string, errno error) {
	if errno != nil {
		fmt.Fprintf(os.Stderr, "mmap-large: %s: %v\n", what, errno)
		os.Exit(1)
	}
}
