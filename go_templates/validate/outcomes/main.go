// Command outcomes is many small programs that end, or do not; an argument says which one it is. It imports nothing that hides a
// deadlock. Each has a twin of the same name in scenarios/validate/outcomes.
package main

import (
	"os"
	"strings"

	"${ module }/internal/lab"
)

var asked = strings.TrimPrefix(os.Args[1], "-program=")

var programs = map[string]func(){}

var inits = map[string]func(){
	"deadlock_in_an_init":          block,
	"goexit_in_an_init":            goexitInInit,
	"init_waits_for_its_goroutine": initWaits,
	"init_waits_and_nobody_comes":  initWaitsInVain,
	"panic_in_an_init":             func() { panic("in an init") },
	"panic_beside_an_init":         panicBesideInit,
	"timer_of_an_init":             timerOfInit,
}

func add(more map[string]func()) {
	for name, program := range more {
		if programs[name] != nil {
			panic("twice: " + name)
		}
		programs[name] = program
	}
}

func init() {
	lab.Effective()
	lab.Flush()
	if first := inits[asked]; first != nil {
		programs[asked] = func() {}
		first()
	}
}

func main() {
	add(chances)
	add(contexts)
	add(deadlocks)
	add(exits)
	add(panics)
	add(threads)
	add(timers)
	programs[asked]()
}

func block() {
	select {}
}
