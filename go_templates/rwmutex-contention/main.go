// Goroutines that read and write under one sync.RWMutex, or under a plain sync.Mutex: how many sections a second get
// through, how long readers and writers wait, and what a waiting writer does to readers that come after it.
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
	defaultLock             = ${ defaults.lock | go }
	defaultGoroutines int64 = ${ defaults.goroutines | go }
	defaultWrites     int64 = ${ defaults.writes | go }
	defaultSection          = ${ defaults.section | go }
	defaultHeld       int64 = ${ defaults.held | go }
	defaultWindow     int64 = ${ defaults.window | go }
)

var (
	mode       = flag.String("mode", defaultMode, "contend, or arrive: readers beside a reader, and behind a writer")
	lock       = flag.String("lock", defaultLock, "rwmutex or mutex")
	goroutines = flag.Int64("goroutines", defaultGoroutines, "how many want the lock")
	writes     = flag.Int64("writes", defaultWrites, "of a hundred operations so many are writes")
	section    = flag.String("section", defaultSection, "work or sleep under the lock")
	held       = flag.Int64("held", defaultHeld, "for so many ns; 0: a counter is read or incremented and that is all")
	window     = flag.Int64("window", defaultWindow, "ns that are measured, after a warm-up of a fifth of it")
)

var modes = map[string]func(){"contend": contend, "arrive": arrive}

func main() {
	flag.Parse()
	run, ok := modes[*mode]
	ok = ok && (*lock == "rwmutex" || *lock == "mutex") && (*section == "work" || *section == "sleep")
	if !ok || *goroutines < 1 || *writes < 0 || *writes > 100 || *held < 0 || *window < 1000 {
		fmt.Fprintf(os.Stderr, "rwmutex-contention: cannot do -mode=%s -lock=%s -goroutines=%d -writes=%d -section=%s -held=%d -window=%d\n",
			*mode, *lock, *goroutines, *writes, *section, *held, *window)
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
