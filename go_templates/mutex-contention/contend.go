package main

import (
	"sync"
	"sync/atomic"

	"${ module }/internal/lab"
)

// contest is one mutex and what is noted under it. Nothing is written while it lasts.
type contest struct {
	start atomic.Int64 // when all goroutines were there; 0 before
	every int64        // of so many operations of a goroutine one reads the clock

	mu               watched
	begun, ended     int64
	operations       int64 // sections of the window
	readings         int64 // of the window, with the waits of these, and how many found the mutex in starvation mode
	waited, starving int64
	waits            []int64
}

const (
	longSection = 10_000 // ns, from which on two readings of the clock are nothing beside it
	seldom      = 256    // of shorter ones
	mostWaits   = 1 << 16
	keptWaits   = 600
	leastWait   = 1000 // ns: what takes less is no waiting, and two readings of the clock are most of it
)

// contend has all goroutines take the mutex again and again, with nothing in between.
func contend() {
	c := &contest{every: 1, waits: make([]int64, mostWaits)}
	if *section == "work" && *held < longSection {
		c.every = seldom
	}
	for i := range c.waits {
		c.waits[i] = 1 // its pages are there before anybody waits for them
	}
	c.waits = c.waits[:0]

	var wg sync.WaitGroup
	wg.Add(int(*goroutines))
	for i := int64(0); i < *goroutines; i++ {
		go func(first int64) {
			c.compete(first)
			wg.Done()
		}(i)
	}
	c.start.Store(lab.Now())
	wg.Wait()
	c.observe()
}

// compete takes turns until the window is over. The instant at which a goroutine has the lock is what begins the
// window and ends it, so nobody keeps time beside those that compete.
func (c *contest) compete(turn int64) {
	for ; ; turn++ {
		reads := turn%c.every == 0
		asked := int64(0)
		if reads {
			asked = lab.Now()
		}
		c.mu.Lock()
		if reads {
			c.note(asked, lab.Now())
		}
		if c.ended != 0 {
			c.mu.Unlock()
			return
		}
		use()
		c.operations++
		c.mu.Unlock()
	}
}

// note is called with the lock.
func (c *contest) note(asked, had int64) {
	if start := c.start.Load(); c.begun == 0 && start != 0 && had >= start+*window/5 {
		c.begun, c.operations, c.readings, c.waited, c.starving = had, 0, 0, 0, 0
	}
	if c.ended == 0 && c.begun != 0 && had >= c.begun+*window {
		c.ended = had
	}
	if c.ended != 0 {
		return
	}
	if len(c.waits) < mostWaits {
		c.waits = append(c.waits, had-asked)
	}
	c.readings++
	c.waited += had - asked
	if c.mu.starves() {
		c.starving++
	}
}

func (c *contest) observe() {
	lab.Observe("ops_per_s", int64(float64(c.operations)*1e9/float64(c.ended-c.begun)))
	lab.Observe("wait_mean_ns", max(c.waited/c.readings, leastWait))
	lab.Observe("starving_permille", 1000*c.starving/c.readings)
	step := len(c.waits)/keptWaits + 1
	for i := 0; i < len(c.waits); i += step {
		lab.Observe("wait_ns", max(c.waits[i], leastWait))
	}
}
