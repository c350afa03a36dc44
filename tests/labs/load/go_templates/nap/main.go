package main

import (
	"flag"
	"time"

	"${ module }/internal/lab"
)

var number = flag.Int64("number", ${ defaults.number | go }, "which of many cells this is")

func main() {
	flag.Parse()
	lab.Effective()
	start := time.Now()
	time.Sleep(time.Millisecond)
	lab.Observe("nap_ns", int64(time.Since(start)))
	lab.Observe("number", *number)
	lab.Flush()
}
