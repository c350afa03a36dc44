package main

import (
	_ "unsafe" // for linkname

	"${ module }/internal/lab"
)

// The stamps in the order in which the runtime makes them (go_templates/overlays/stamps.toml). The last three are made when they
// are, by whichever thread.
const (
	entry = iota
	entered
	osInit
	schedInit
	malloc
	malloced
	cpu
	gc
	gced
	procs
	scheduled
	newproc
	runtimeMain
	sysmon
	sysmoned
	runtimeInits
	runtimeInited
	collecting
	inits
	inited
	mainMain
	sysmonRuns
	poller
	polled
	stamps
)

// at is the runtime's own array where the program is built over the stamps, and otherwise an array of zeroes.
//
//go:linkname at runtime.golabAt
var at [stamps]int64

// observeStages says how long each stage took. A stage begins where the one before it ended, so together they are main_ns; but for
// sysmon's own start, which another thread makes meanwhile.
func observeStages() {
	lab.MarkAt("entry", at[entry])
	lab.Observe("stamp_syscall_ns", at[entered]-at[entry])
	lab.Observe("rt0_ns", at[osInit]-at[entry])
	lab.Observe("osinit_ns", at[schedInit]-at[osInit])
	lab.Observe("schedinit_ns", at[scheduled]-at[schedInit])
	lab.Observe("mallocinit_ns", at[malloced]-at[malloc])
	lab.Observe("cpuinit_ns", at[cpu]-at[malloced])
	lab.Observe("gcinit_ns", at[gced]-at[gc])
	lab.Observe("gomaxprocs_ns", at[procs]-at[gced])
	lab.Observe("procresize_ns", at[scheduled]-at[procs])
	lab.Observe("schedinit_rest_ns", at[malloc]-at[schedInit]+at[gc]-at[cpu])
	lab.Observe("newproc_ns", at[newproc]-at[scheduled])
	lab.Observe("to_runtime_main_ns", at[runtimeMain]-at[newproc])
	lab.Observe("sysmon_ns", at[sysmoned]-at[runtimeMain])
	lab.Observe("runtime_inits_ns", at[runtimeInited]-at[sysmoned])
	lab.Observe("gcenable_ns", at[collecting]-at[runtimeInited])
	lab.Observe("before_inits_ns", at[inits]-at[collecting])
	lab.Observe("package_inits_ns", at[mainMain]-at[inits])
	lab.Observe("start_ns", at[inits]-at[entry])
	lab.Observe("main_ns", at[mainMain]-at[entry])
	lab.Observe("sysmon_runs_ns", at[sysmonRuns]-at[sysmon])
}
