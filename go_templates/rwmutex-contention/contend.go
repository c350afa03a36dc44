package main

import (
	"sync"
	"sync/atomic"

	"${ module }/internal/lab"
)

const (
	longSection = 10_000 // ns, from which on two readings of the clock are nothing beside it
	seldom      = 256    // of shorter ones one in so many reads the clock
	leastWait   = 1000   // ns: what takes less is no waiting, and two readings of the clock are most of it
)

// contest is one lock, and what is noted of those that want it. Nothing is written while it lasts.
type contest struct {
	rw      sync.RWMutex
	mu      sync.Mutex
	counter int64 // under the lock: what short sections read and increment
	every   int64 // of so many operations of a goroutine one reads the clock

	begin                    atomic.Int64 // of the window; 0 until all goroutines are there
	readerWaits, writerWaits waits
}

// share is what one goroutine did in the window. Its operations are those that got the lock there; where not each reads
// the clock, one reading stands for those since the one before.
type share struct {
	operations, readings, waited int64
	last                         int64 // so that reading the counter is not left out
	_                            [64]byte
}

// contend has all goroutines take the lock again and again, with nothing in between.
func contend() {
	c := &contest{every: 1}
	if *section == "work" && *held < longSection {
		c.every = seldom
	}
	c.readerWaits.make()
	c.writerWaits.make()
	shares := make([]share, *goroutines)

	var wg sync.WaitGroup
	wg.Add(int(*goroutines))
	for i := range shares {
		go func(mine *share, first int64) {
			c.compete(mine, first)
			wg.Done()
		}(&shares[i], int64(i))
	}
	c.begin.Store(lab.Now() + *window/5)
	wg.Wait()

	total := share{}
	for _, each := range shares {
		total.operations += each.operations
		total.readings += each.readings
		total.waited += each.waited
	}
	lab.Observe("ops_per_s", int64(float64(total.operations)*1e9/float64(*window)))
	if total.readings > 0 {
		lab.Observe("wait_mean_ns", max(total.waited/total.readings, leastWait))
	}
	c.readerWaits.observe("read_wait_ns")
	c.writerWaits.observe("write_wait_ns")
}

// compete takes turns until it has the lock after the end of the window. Writes are spread over a goroutine's operations, each
// hundred alike, and over the goroutines, so that at any time as many of a hundred are writes.
func (c *contest) compete(mine *share, i int64) {
	for turn, n := i*37%100, i; ; turn, n = (turn+61)%100, n+1 {
		isWrite := turn < *writes
		reads := n%c.every == 0
		asked, had := int64(0), int64(0)
		if reads {
			asked = lab.Now()
		}
		c.lock(isWrite)
		if reads {
			had = lab.Now()
		}
		begin := c.begin.Load()
		isOver := begin != 0 && had >= begin+*window
		if !isOver {
			if reads {
				c.note(mine, isWrite, had-asked, begin != 0 && had >= begin)
			}
			if isWrite {
				c.counter++
			} else {
				mine.last = c.counter
			}
			use()
		}
		c.unlock(isWrite)
		if isOver {
			return
		}
	}
}

func (c *contest) lock(isWrite bool) {
	switch {
	case *lock == "mutex":
		c.mu.Lock()
	case isWrite:
		c.rw.Lock()
	default:
		c.rw.RLock()
	}
}

func (c *contest) unlock(isWrite bool) {
	switch {
	case *lock == "mutex":
		c.mu.Unlock()
	case isWrite:
		c.rw.Unlock()
	default:
		c.rw.RUnlock()
	}
}

// note is called with the lock, which other readers may have, too.
func (c *contest) note(mine *share, isWrite bool, wait int64, inWindow bool) {
	kept := &c.readerWaits
	if isWrite {
		kept = &c.writerWaits
	}
	kept.add(wait)
	if inWindow {
		mine.operations += c.every
		mine.readings++
		mine.waited += wait
	}
}

// waits are kept in the order in which the lock was had, as many as there is room for.
type waits struct {
	all  []int64
	next atomic.Int64
}

const (
	mostWaits = 1 << 16
	keptWaits = 600
)

// make room, whose pages are there before anybody waits for them.
func (w *waits) make() {
	w.all = make([]int64, mostWaits)
	for i := range w.all {
		w.all[i] = 1
	}
}

func (w *waits) add(wait int64) {
	if at := w.next.Add(1) - 1; at < mostWaits {
		w.all[at] = wait
	}
}

func (w *waits) observe(name string) {
	n := min(w.next.Load(), mostWaits)
	step := n/keptWaits + 1
	for i := int64(0); i < n; i += step {
		lab.Observe(name, max(w.all[i], leastWait))
	}
}
