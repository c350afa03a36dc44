package plan

import (
	"sync/atomic"

	"${ module }/internal/lab"
)

// most is how many packages may start a goroutine.
const most = 1 << 8

// goroutine is one that an init started: when the init asked for it, and when its first instruction ran.
type goroutine struct {
	asked int64
	ran   atomic.Int64
}

var (
	launched = make([]*goroutine, 0, most)
	running  = make(chan struct{}, most)
)

// launch starts a goroutine, which says when it runs before it does anything else.
func launch(do func()) {
	g := &goroutine{}
	launched = append(launched, g)
	g.asked = lab.Now()
	go func() {
		g.ran.Store(lab.Now())
		running <- struct{}{}
		do()
	}()
}

// ObserveGoroutines waits until every goroutine that an init started has begun to run, and says when each did, and how many
// before main.main, which began at main.
func ObserveGoroutines(main int64) {
	if len(launched) == 0 {
		return
	}
	for range launched {
		<-running
	}
	var before int64
	for _, g := range launched {
		ran := g.ran.Load()
		lab.Observe("goroutine_start_ns", ran-g.asked)
		if ran < main {
			before++
		}
	}
	lab.Observe("goroutines_before_main", before)
}

// rounds of HandOver.
const rounds = 50

// HandOver exchanges messages with a goroutine of its own and says how long each round took. It does nothing where the
// flags do not ask for it.
func HandOver(name string) {
	if *what != "handover" {
		return
	}
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		for range there {
			back <- struct{}{}
		}
	}()
	for i := 0; i < rounds; i++ {
		start := lab.Now()
		there <- struct{}{}
		<-back
		lab.Observe(name, lab.Now()-start)
	}
	close(there)
}
