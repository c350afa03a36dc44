// The agent starts the replicates of a run, one fresh process each, and says what became of them.
//
// In a container it is the first process and outlives every replicate; under the host engine it is a plain
// process and the reaper of its own descendants, and touches no other. It speaks JSON lines with the lab:
// commands on standard input, events on standard output (docs/wire.md).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
)

// silence is how long the lab may say nothing: it beats each second, so it has died, or stands still.
const silence = 10 * time.Second

func main() {
	// A collection beside a replicate would be measured with it; between two, collect makes up for it.
	debug.SetGCPercent(-1)
	if os.Getpid() != 1 {
		becomeSubreaper()
	}
	a := &agent{init: os.Getpid() == 1, signals: openSignals()}
	a.heard.Store(time.Now().UnixNano())
	go a.watch()
	a.obey()
	a.end(0)
}

type agent struct {
	init    bool
	signals *signals
	running atomic.Pointer[replicate]
	heard   atomic.Int64
}

// obey carries out the lab's lines until there are no more.
func (a *agent) obey() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		a.heard.Store(time.Now().UnixNano())
		var c order
		if err := json.Unmarshal(line, &c); err != nil {
			send(failure{Event: "error", Message: fmt.Sprintf("a line that is no order: %v", err)})
			continue
		}
		a.carryOut(c)
	}
}

func (a *agent) carryOut(c order) {
	switch c.Op {
	case "beat":
	case "hello":
		if c.Wire != wire {
			send(failure{Event: "error", Message: fmt.Sprintf("this agent speaks wire %d, not %d", wire, c.Wire)})
			a.end(3)
		}
		send(hello{Event: "hello", Wire: wire, PID: os.Getpid(), Init: a.init, Cgroup: a.signals.version, Go: runtime.Version()})
	case "run":
		r := &replicate{order: c, init: a.init}
		if !a.running.CompareAndSwap(nil, r) {
			send(failure{Event: "error", Message: "a replicate is running; one at a time"})
			return
		}
		go func() {
			done := r.run(a.signals)
			a.running.Store(nil)
			send(done)
			collect()
		}()
	case "stop":
		if r := a.running.Load(); r != nil {
			r.stop()
		}
	default:
		send(failure{Event: "error", Message: fmt.Sprintf("no order is called %q", c.Op)})
	}
}

// watch ends the agent when the lab has gone quiet or a signal says so. It never writes: a full pipe to a
// lab that has stopped reading must not keep it from ending.
func (a *agent) watch() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	tick := time.NewTicker(time.Second)
	for {
		select {
		case <-told:
			a.end(0)
		case <-tick.C:
			if time.Duration(time.Now().UnixNano()-a.heard.Load()) > silence {
				a.end(4)
			}
		}
	}
}

// end kills what was started and ends the agent.
func (a *agent) end(code int) {
	endAll(a.init)
	os.Exit(code)
}

// collect runs the collector where a replicate left much behind.
func collect() {
	const much = 64 << 20
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > much {
		runtime.GC()
	}
}
