package main

import (
	"sync/atomic"
	"time"

	"${ module }/internal/lab"
)

const period = time.Millisecond

// idleTicks are received after main has touched: what a ticker feels where nobody is in its way.
const idleTicks = 20

// tick has one goroutine receive from a 1 ms ticker while main touches memory. A thread in a page fault
// keeps its P, so how late the ticks come depends on whether there is another P, and on how long one fault is.
func tick() {
	warm := newRegion(*size)
	warm.touch()
	touched := warm.renewed()

	l := newListener()
	go l.listen()
	<-l.underWay // at once: memory that lies free may be taken back by the host of a virtual machine
	l.begun.Store(lab.Now())
	touched.touch()
	l.finished.Store(lab.Now())
	<-l.ended

	l.busy.observe("ticker")
	l.idle.observe("ticker_idle")
	lab.Observe("ticker_touch_again_ns", l.finished.Load()-l.begun.Load())
	lab.Observe("huge_bytes", openProc("smaps_rollup").bytes("AnonHugePages"))
}

// listener receives ticks. Tick k is due k periods after the ticker was made, and its delay is the time from
// then to when the goroutine has received it.
type listener struct {
	underWay, ended chan struct{}
	begun, finished atomic.Int64 // when main began and finished to touch; 0 before
	busy, idle      ticks
}

func newListener() *listener {
	const roomy = 1 << 12 // growing in the middle would be a pause of the listener's own
	return &listener{
		underWay: make(chan struct{}),
		ended:    make(chan struct{}),
		busy:     ticks{delays: make([]int64, 0, roomy)},
		idle:     ticks{delays: make([]int64, 0, idleTicks)},
	}
}

// ticks are the delays of those received, and how many were due and never came: a ticker drops what nobody
// takes.
type ticks struct {
	delays []int64
	missed int64
}

func (t *ticks) add(delay int64) {
	t.delays = append(t.delays, delay)
	t.missed += delay / int64(period)
}

func (t *ticks) observe(name string) {
	for _, delay := range t.delays {
		lab.Observe(name+"_delay_ns", delay)
	}
	lab.Observe(name+"_ticks", int64(len(t.delays)))
	lab.Observe(name+"_missed", t.missed)
}

// listen takes the first tick to say that the ticker is under way, keeps the delays of those that are due
// while main touches, whenever they come, and of some more. When several are due, the one that comes is the
// first of them.
func (l *listener) listen() {
	start := lab.Now()
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for due := start + int64(period); len(l.idle.delays) < idleTicks; {
		<-ticker.C
		now := lab.Now()
		if now < due {
			continue // before Go 1.23 a tick waits in the channel: one of those that were counted as missed
		}
		begun, finished := l.begun.Load(), l.finished.Load()
		switch {
		case due == start+int64(period):
			close(l.underWay)
		case begun == 0 || due < begun:
		case finished == 0 || due < finished:
			l.busy.add(now - due)
		default:
			l.idle.add(now - due)
		}
		due += (now-due)/int64(period)*int64(period) + int64(period)
	}
	close(l.ended)
}
