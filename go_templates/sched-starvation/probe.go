package main

import (
	"sync"
	"sync/atomic"
	"time"

	"${ module }/internal/lab"
)

const period = time.Millisecond

// prober is a goroutine that wants to run each millisecond. Main reads what it has written, and it goes on meanwhile.
type prober struct {
	late  []int64
	turns atomic.Int64
	due   atomic.Int64 // 0 before it has begun
}

func newProber() *prober {
	return &prober{late: make([]int64, *window/int64(period)+1)}
}

func (p *prober) run(ready *sync.WaitGroup, gate <-chan struct{}) {
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

// observe says how late it was each time. One that is late now was late by so much at least.
func (p *prober) observe(began, now int64) {
	turns, due := p.turns.Load(), p.due.Load()
	for _, late := range p.late[:turns] {
		lab.Observe("probe_late_ns", max(late, 1))
	}
	if due == 0 {
		due = began
	}
	if waits := now - due; waits > 0 {
		lab.Observe("probe_late_ns", waits)
	}
	lab.Observe("probe_turns", turns)
}
