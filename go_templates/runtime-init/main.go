// A program that does nothing but start: what passed until its main began, stage by stage, and which packages' inits ran.
package main

import (
	"runtime"

	"${ module }/internal/lab"
)

func main() {
	lab.Mark("main")
	lab.Effective()
	if at[entry] != 0 {
		for at[sysmonRuns] == 0 {
			runtime.Gosched()
		}
		observeStages()
		observeInits()
	}
	lab.Flush()
}
