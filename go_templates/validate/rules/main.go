// Command rules is small programs whose result tells a rule of the runtime from what one would think: an order, a count, and some also
// a time. Each has a twin of the same name in scenarios/validate/rules.
//
// Nothing is imported that starts goroutines of its own, or that opens a file.
package main

import (
	"syscall"

	"${ module }/internal/lab"
)

var out string

func main() {
	name, _ := syscall.Getenv("RULE")
	run, ok := orders[name]
	if !ok {
		run, ok = times[name]
	}
	if !ok {
		println("rules: no rule is called", name)
		syscall.Exit(2)
	}
	run()
	println(out)
	lab.Effective()
	lab.Flush()
}
