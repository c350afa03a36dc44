// Mapping and first touch of large memory: what one mmap costs, what touching or populating the pages costs,
// what growing the Go heap costs, and what another goroutine feels meanwhile.
package main

import (
	"flag"
	"fmt"
	"os"

	"${ module }/internal/lab"
)

var (
	mode = flag.String("mode", ${ defaults.mode | go }, "reserve, touch, heap or ticker")
	size = flag.Int64("size", ${ defaults.size | go }, "bytes to touch")
	thp  = flag.String("thp", ${ defaults.thp | go }, "never: 4 KiB pages only; madvise: ask for 2 MiB pages")
)

var modes = map[string]func(){"reserve": reserve, "touch": touch, "heap": growHeap, "ticker": tick}

func main() {
	flag.Parse()
	run, ok := modes[*mode]
	if !ok || *size <= 0 || *thp != "never" && *thp != "madvise" {
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
