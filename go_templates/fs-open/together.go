package main

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	_ "unsafe" // for linkname

	"${ module }/internal/lab"
)

// period is how often another goroutine wants to run while files are opened.
const period = time.Millisecond

// each is how many names that nobody has opened before a goroutine opens.
const each = 16

// together has many goroutines open files at once, each of them names of its own that are not there, so that there are as many as anybody wants.
func together() {
	took := make([][each]int64, *goroutines)
	paths := make([][each]string, *goroutines)
	for i := range paths {
		for j := range paths[i] {
			paths[i][j] = path("absentnew-" + strconv.FormatInt(turn, 10) + "-" + strconv.Itoa(i) + "-" + strconv.Itoa(j))
		}
	}
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	late := &probe{}
	ready.Add(1)
	go late.run(&ready, gate)
	for i := range took {
		ready.Add(1)
		done.Add(1)
		go func(took *[each]int64, paths *[each]string) {
			defer done.Done()
			ready.Done()
			<-gate
			for j, path := range paths {
				took[j], _ = open(path, os.O_RDONLY)
			}
		}(&took[i], &paths[i])
	}
	ready.Wait()
	handed := handoffs()
	start := lab.Now()
	close(gate)
	done.Wait()
	end := lab.Now()
	handed = handoffs() - handed
	lab.Observe("threads", threads())
	if isCounted() {
		lab.Observe("handoffs", handed)
	}
	lab.Observe("all_ns", end-start)
	for i := range took {
		for _, ns := range took[i] {
			lab.Observe("one_ns", ns)
		}
	}
	late.observe(start, end)
}

// probe is a goroutine that wants to run each millisecond. Main reads what it has written, and it goes on meanwhile.
type probe struct {
	late  [1 << 12]int64
	turns atomic.Int64
	due   atomic.Int64 // 0 before it has begun
}

func (p *probe) run(ready *sync.WaitGroup, gate <-chan struct{}) {
	ready.Done()
	<-gate
	for turn := range p.late {
		due := lab.Now() + int64(period)
		p.due.Store(due)
		time.Sleep(period)
		p.late[turn] = lab.Now() - due
		p.turns.Store(int64(turn) + 1)
	}
}

// observe says how late it was each time. One that is late when all are done was late by so much at least.
func (p *probe) observe(began, now int64) {
	turns, due := p.turns.Load(), p.due.Load()
	for _, late := range p.late[:turns] {
		lab.Observe("other_late_ns", max(late, 1))
	}
	if due == 0 {
		due = began
	}
	if waits := now - due; waits > 0 {
		lab.Observe("other_late_ns", waits)
	}
}

// counts are the runtime's own where the program is built over its counters (go_templates/overlays/counters.toml), and zeroes otherwise; the
// third is of calls of handoffp, the fourth is 1 where there are counters.
//
//go:linkname counts runtime.golabCounts
var counts [4]uint64

func isCounted() bool { return atomic.LoadUint64(&counts[3]) != 0 }

func handoffs() int64 { return int64(atomic.LoadUint64(&counts[2])) }

// threads of this process, as the kernel counts them.
func threads() int64 {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	_, rest, _ := strings.Cut(string(status), "\nThreads:")
	text, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	check(err)
	return n
}
