// Goroutines that all want the same sync.Mutex: how many sections a second get through it, how long each waits for
// it, whether it came to starvation mode, and what a goroutine dump calls those that wait.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"${ module }/internal/lab"
)

const (
	defaultMode             = ${ defaults.mode | go }
	defaultGoroutines int64 = ${ defaults.goroutines | go }
	defaultSection          = ${ defaults.section | go }
	defaultHeld       int64 = ${ defaults.held | go }
	defaultWindow     int64 = ${ defaults.window | go }
)

var (
	mode       = flag.String("mode", defaultMode, "contend, or dump: what a dump says of those that wait")
	goroutines = flag.Int64("goroutines", defaultGoroutines, "how many want the lock")
	section    = flag.String("section", defaultSection, "work or sleep under the lock")
	held       = flag.Int64("held", defaultHeld, "for so many ns; 0: a counter is incremented and that is all")
	window     = flag.Int64("window", defaultWindow, "ns that are measured, after a warm-up of a fifth of it")
)

var modes = map[string]func(){"contend": contend, "dump": dump}

func main() {
	flag.Parse()
	run, ok := modes[*mode]
	if !ok || *goroutines < 1 || *held < 0 || *window < 1000 || *section != "work" && *section != "sleep" {
		fmt.Fprintf(os.Stderr, "mutex-contention: cannot do -mode=%s -goroutines=%d -section=%s -held=%d -window=%d\n",
			*mode, *goroutines, *section, *held, *window)
		os.Exit(2)
	}
	lab.Effective()
	run()
	lab.Flush()
}

// use is the critical section.
func use() {
	switch {
	case *section == "sleep":
		time.Sleep(time.Duration(*held))
	case *held > 0:
		lab.Work(*held)
	}
}
