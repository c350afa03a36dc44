// Package plan is what the inits do.
//
// All packages of the graph import it, so it is initialised before them; and it imports everything of the standard library
// that the program needs, so that nothing else is initialised in between.
package plan

import (
	"flag"
	"fmt"
	"os"
	_ "slices" // main's own, initialised before Begun
	_ "strconv"
	_ "strings"
	"time"

	"${ module }/internal/lab"
)

const (
	defaultWhat         = ${ defaults.what | go }
	defaultStarts       = ${ defaults.starts | go }
	defaultLength int64 = ${ defaults.length | go }
)

var (
	what   = flag.String("what", defaultWhat, "what an init does: nothing, sleep, work, network or handover")
	starts = flag.String("starts", defaultStarts, "what goroutine it starts first: none, sleeping, working, blocked or panicking")
	length = flag.Int64("length", defaultLength, "how long each of these takes, in nanoseconds")
)

var deeds = map[string]func(){
	"nothing":  func() {},
	"sleep":    func() { time.Sleep(time.Duration(*length)) },
	"work":     func() { lab.Work(*length) },
	"network":  waitForNetwork,
	"handover": func() { HandOver("handover_init_ns") },
}

var goroutines = map[string]func(){
	"none":      nil,
	"sleeping":  deeds["sleep"],
	"working":   deeds["work"],
	"blocked":   func() { select {} },
	"panicking": func() { panic("a goroutine that an init started") },
}

// Begun is when the first init of the graph was about to begin.
var Begun int64

// Order has the packages of the graph whose inits have begun.
var Order []string

var deed, started func()

func init() {
	flag.Parse()
	is, has := false, false
	deed, is = deeds[*what]
	started, has = goroutines[*starts]
	if !is || !has || *length <= 0 {
		fmt.Fprintf(os.Stderr, "init-chain: cannot do -what=%s -starts=%s -length=%d\n", *what, *starts, *length)
		os.Exit(2)
	}
	lab.Work(1) // reads its environment the first time
	Order = make([]string, 0, most)
	Begun = lab.Now()
}

// Init is what the init of the package at path does.
func Init(path string) {
	Order = append(Order, path)
	if started != nil {
		launch(started)
	}
	deed()
}
