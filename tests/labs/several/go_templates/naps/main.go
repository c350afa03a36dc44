package main

import (
	"flag"
	"time"

	"${ module }/internal/lab"
)

var length = flag.Int64("length", ${ defaults.length | go }, "how long, in nanoseconds")

func main() {
	flag.Parse()
	lab.Effective()
	start := time.Now()
	time.Sleep(time.Duration(*length))
	lab.Observe("nap_ns", int64(time.Since(start)))
	lab.Flush()
}
