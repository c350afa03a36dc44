// Command outcomes is many small programs; its argument says which one it is. It imports nothing that hides a deadlock.
package main

import "os"

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
	if first := inits[os.Args[1]]; first != nil {
		programs[os.Args[1]] = func() {}
		first()
	}
}

func main() {
	add(deadlocks)
	add(exits)
	add(panics)
	add(threads)
	add(timers)
	programs[os.Args[1]]()
}

func block() {
	select {}
}
