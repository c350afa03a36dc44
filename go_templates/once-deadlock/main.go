// Command once-deadlock calls one-time initialisers in ways that end, wait, or never return.
//
// Built without cgo and with it, it is the same source: with it the file that imports "C" is in it, and -beside=cgo says so.
package main

import (
	"flag"
	"os"

	"${ module }/internal/lab"
)

var (
	variant = flag.String("variant", ${ defaults.variant | go }, "which initialisers, and how they call each other")
	company = flag.String("beside", ${ defaults.beside | go }, "what else is in the program")
)

var variants = map[string]func(){
	"nested":            nested,
	"reentrant":         reentrant,
	"crossed":           crossed,
	"crossed_by_chance": crossedByChance,
	"oncefunc":          onceFunc,
	"oncefunc_panic":    onceFuncPanic,
	"once_panic":        oncePanic,
	"slow":              slow,
}

func main() {
	flag.Parse()
	run, known := variants[*variant]
	if !known {
		usage("-variant=" + *variant + " is none that is built as Go")
	}
	if hasC != (*company == "cgo") {
		usage("build with CGO_ENABLED=1 for -beside=cgo, and with CGO_ENABLED=0 for all else")
	}
	lab.Effective()
	if !beside(*company) {
		usage("-beside=" + *company + " is not known")
	}
	run()
	lab.Flush()
}

func usage(text string) {
	os.Stderr.WriteString("once-deadlock: " + text + "\n")
	os.Exit(2)
}
