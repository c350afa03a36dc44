// Opening files: what os.Open takes the first time, again and again, and of names that nobody has opened before, by what the
// working folder lies on; what opening for writing takes where a lower layer's file has to be copied up first; and what many
// goroutines that open files at once make of their threads and of another goroutine.
package main

import (
	"flag"
	"fmt"
	"os"

	"${ module }/internal/lab"
)

const (
	defaultFile             = ${ defaults.file | go }
	defaultDepth      int64 = ${ defaults.depth | go }
	defaultSize       int64 = ${ defaults.size | go }
	defaultGoroutines int64 = ${ defaults.goroutines | go }
)

var (
	file       = flag.String("file", defaultFile, "lowest or top: in which layer it is; absent: in none; written: in the lowest, and opened for writing")
	depth      = flag.Int64("depth", defaultDepth, "names in its path")
	size       = flag.Int64("size", defaultSize, "bytes of the file that is opened for writing")
	goroutines = flag.Int64("goroutines", defaultGoroutines, "how many open files at once")
)

var kinds = map[string]func(){"lowest": read, "top": read, "absent": read, "written": write}

func main() {
	flag.Parse()
	run, ok := kinds[*file]
	if !ok || *depth <= 0 || *size <= 0 || *goroutines <= 0 {
		fmt.Fprintf(os.Stderr, "fs-open: cannot do -file=%s -depth=%d -size=%d -goroutines=%d\n", *file, *depth, *size, *goroutines)
		os.Exit(2)
	}
	if *goroutines > 1 {
		if *file != "absent" {
			fmt.Fprintln(os.Stderr, "fs-open: several goroutines open what is not there: -file=absent")
			os.Exit(2)
		}
		run = together
	}
	lab.Effective()
	observeFolder()
	if isBare() {
		prepare()
	}
	run()
	lab.Flush()
}

// check ends the program where what it is to measure cannot be had.
func check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "fs-open: %v\n", err)
		os.Exit(1)
	}
}
