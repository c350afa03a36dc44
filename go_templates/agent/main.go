// The agent starts the replicates of a run, one fresh process each, and says what became of them.
//
// In a container it is the first process and outlives every replicate; under the host engine it is a plain
// process, the reaper of its own descendants, and touches no other; a second one sees to it that they end with it
// (warden.go). It speaks JSON lines with the lab:
// orders on standard input, events on standard output (docs/wire.md).
//
// What shares a machine with a measurement must keep still. While a replicate runs, each of the agent's
// threads sleeps in the kernel: the main one in waitid, one in poll on the replicate's pipes, one in read on
// standard input. One P is enough for that, and it spares the machine the Ms that would spin for work that
// is not there.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What the agent's exit code says of its end.
const (
	exitToldTo    = 0 // end of file on standard input, or a signal
	exitWire      = 3 // the lab speaks another version
	exitSilence   = 4 // the lab beats no more
	exitUnheard   = 5 // nobody reads standard output
	exitImpotence = 6 // it could not have ended what it would start
)

// silence is how long the lab may say nothing, unless it says otherwise in hello: it beats each second, so it has died, or stands still.
const silence = 10 * time.Second

// patience is how long the agent tries to end what it started before it ends itself. Only a process in
// uninterruptible sleep outlasts it.
const patience = 2 * time.Second

// Replicates are started by the main thread alone. The kernel sends a parent's death signal when the
// *thread* that forked ends, and this one lives as long as the agent.
func init() { runtime.LockOSThread() }

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1) // a collection beside a replicate would be measured with it; see tidy
	realm, err := claimRealm()
	if err != nil {
		fmt.Fprintf(os.Stderr, "agent: %v\n", err)
		os.Exit(exitImpotence)
	}
	if realm == descendants {
		keepWarden()
	}
	a := &agent{
		realm: realm, scratch: findScratch(realm), signals: openSignals(), oom: openOOMScore(), captures: openCaptures(),
		born: time.Now(), runs: make(chan *sheaf),
	}
	a.silence.Store(int64(silence))
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	// Without this a write to a pipe that nobody reads would end the agent before it has ended its
	// children. Ignoring the signal instead would have them inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go a.watch(told)
	go a.listen()
	for s := range a.runs {
		a.carryOut(s)
	}
}

// agent is the state that its three goroutines share: listen takes orders, main carries them out, watch
// sees to it that the agent ends.
type agent struct {
	realm    realm
	scratch  scratch
	signals  *signals
	oom      *oomScore
	captures *captures

	born    time.Time
	heard   atomic.Int64 // when the lab last said something, in nanoseconds since born
	silence atomic.Int64 // how long it may say nothing, in nanoseconds
	greeted bool         // listen's own
	bound   []*replicate // listen's own: what was ordered of a sheaf that is not whole yet
	runs    chan *sheaf
	turn    atomic.Pointer[sheaf] // the one that was ordered and has not been answered
	started int                   // main's own: how many replicates there were before the next one

	// life is held by whoever starts, signals or reaps a process. end takes it and never gives it back:
	// nothing starts any more, and nobody reports the death that the agent itself has caused.
	life sync.Mutex
}

// listen obeys the lab's lines until there are no more.
func (a *agent) listen() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			a.end(exitToldTo)
		}
		a.heard.Store(int64(time.Since(a.born)))
		var o order
		if err := json.Unmarshal(line, &o); err != nil {
			a.refuse("a line that is no order: %v", err)
			continue
		}
		a.obey(o)
	}
}

func (a *agent) obey(o order) {
	switch o.Op {
	case "beat":
	case "hello":
		if o.Wire != wire {
			a.refuse("this agent speaks wire %d, not %d", wire, o.Wire)
			a.end(exitWire)
		}
		a.greeted = true
		if o.SilenceNs > 0 {
			a.silence.Store(o.SilenceNs)
		}
		a.send(hello{Event: "hello", Wire: wire, PID: os.Getpid(), Init: a.realm == namespace, Cgroup: a.signals.version, Limits: a.signals.limits, Captures: a.captures.kept(), Go: runtime.Version()})
	case "run":
		if !a.greeted {
			a.refuse("nothing runs before hello")
			return
		}
		a.bound = append(a.bound, &replicate{order: o})
		if o.Hold {
			return
		}
		s := &sheaf{replicates: a.bound}
		a.bound = nil
		if !a.turn.CompareAndSwap(nil, s) {
			a.refuse("a replicate is running; one at a time")
		} else {
			a.runs <- s
		}
	case "stop":
		if s := a.turn.Load(); s != nil {
			go a.stop(s)
		}
	default:
		a.refuse("no order is called %q", o.Op)
	}
}

// watch ends the agent when the lab has gone quiet or a signal says so. It never writes: a full pipe to a
// lab that has stopped reading must not keep it from ending.
func (a *agent) watch(told <-chan os.Signal) {
	tick := time.NewTicker(time.Second)
	for {
		select {
		case <-told:
			a.end(exitToldTo)
		case <-tick.C:
			if time.Since(a.born)-time.Duration(a.heard.Load()) > time.Duration(a.silence.Load()) {
				a.end(exitSilence)
			}
		}
	}
}

// end kills what was started and ends the agent.
func (a *agent) end(code int) {
	a.life.Lock()
	a.realm.clear(time.Now().Add(patience))
	os.Exit(code)
}

func (a *agent) refuse(format string, values ...any) {
	a.send(failure{Event: "error", Message: fmt.Sprintf(format, values...)})
}

// send writes one event as one line.
func (a *agent) send(event any) { a.say(lineOf(event)) }

// say writes whole lines, or ends the agent where nobody reads.
func (a *agent) say(lines []byte) {
	if err := write(lines); err != nil {
		a.end(exitUnheard)
	}
}

// garbage is an upper bound of what has been allocated since the last collection.
var garbage int64

// tidy collects before the lab can order the next replicate, once enough has come together.
func tidy(d *done) {
	const (
		much    = 16 << 20
		apiece  = 64 << 10 // orders, events and buffers of a replicate that says little
		written = 8        // growing the slices, base64 and JSON copy what a program wrote some times over
	)
	kept := len(d.Stdout.Base64) + len(d.Stderr.Base64)
	for _, line := range d.Lines {
		kept += len(line)
	}
	if garbage += apiece + written*int64(kept); garbage > much {
		garbage = 0
		runtime.GC()
	}
}
