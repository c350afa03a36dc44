// Inits along imports: packages that sleep, work, wait or start goroutines while they are initialised, and what main.main has of it.
//
// The packages p1, p2, … and main's imports of them are made by the scenario's levels (graph.txtar).
package main

import (
	"${ module }/internal/lab"
	"${ module }/internal/plan"
)

func main() {
	at := lab.Now()
	lab.Mark("main")
	lab.Effective()
	lab.Observe("main_delay_ns", at-plan.Begun)
	plan.ObserveGoroutines(at)
	plan.HandOver("handover_main_ns")
	observeOrder(plan.Order)
	lab.Flush()
}
