package main

import (
	"flag"
	"runtime"
	"syscall"
	"time"

	"${ module }/internal/lab"
)

var (
	spin  = flag.Int64("spin", ${ defaults.spin | go }, "CPU time to use, in nanoseconds")
	touch = flag.Int64("touch", ${ defaults.touch | go }, "bytes to touch")
)

func main() {
	flag.Parse()
	lab.Effective()
	lab.Observe("procs", int64(runtime.GOMAXPROCS(0)))
	kept := make([]byte, *touch)
	for i := 0; i < len(kept); i += 4096 {
		kept[i] = 1
	}
	start := time.Now()
	for used() < *spin {
		lab.Spin(1000)
	}
	lab.Observe("took_ns", int64(time.Since(start)))
	lab.Flush()
	runtime.KeepAlive(kept)
}

// used is the CPU time of this process.
func used() int64 {
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return ru.Utime.Nano() + ru.Stime.Nano()
}
