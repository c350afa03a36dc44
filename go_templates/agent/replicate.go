package main

import (
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// grace is what a program gets between SIGTERM and SIGKILL.
const grace = 200 * time.Millisecond

// dumping is how long a program may take to write its goroutines' stacks, once it is told to.
const dumping = time.Second

// replicate is one process from its order to its end. All but the order belongs to the holder of agent.life.
type replicate struct {
	order    order
	pid      int  // 0 before its start
	over     bool // it is reaped, and its pid may name another
	timedOut bool
	asked    bool  // by SIGTERM, to end before its time limit
	dumpedAt int64 // when it got the SIGQUIT of dump_after_ns, 0 where it did not
	stopped  bool
}

// run starts a process, waits for it and reports. What is dear comes before start_ns or after end_ns.
func (a *agent) run(r *replicate) *done {
	o := r.order
	d := noDone(o.ID)
	if d.Error = o.flaw(); d.Error != "" {
		return d
	}
	if o.Settle {
		d.WaitedNs = int64(a.signals.settle())
	}
	out, err := openOutput(o)
	if err != nil {
		d.Error = err.Error()
		return d
	}
	attributes := &syscall.ProcAttr{
		Dir:   o.Dir,
		Env:   append(o.Env[:len(o.Env):len(o.Env)], "LAB_FD=3", "LAB_TURN="+strconv.Itoa(a.started)),
		Files: out.childFiles(),
		// A session of its own, so that no signal to the lab's group reaches it; and an end with the
		// agent's own, should that be killed.
		Sys: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
	}
	a.started++
	out.start()
	d.Before = a.signals.read()
	kills := a.signals.oomKills()

	d.StartedAtNs = time.Now().UnixNano()
	d.StartNs = monotonic()
	err = a.start(r, attributes)
	out.closeChildFiles()
	if r.pid == 0 {
		d.EndNs = monotonic()
		d.Stopped = r.stopped
		if err != nil {
			d.Error = err.Error()
		}
		out.wait()
		return d
	}
	limit := time.AfterFunc(time.Duration(o.TimeoutNs), func() { a.expire(r) })
	var stop *time.Timer
	if o.StopAfterNs > 0 {
		stop = time.AfterFunc(time.Duration(o.StopAfterNs), func() { a.ask(r) })
	}
	var dump *time.Timer
	if o.DumpAfterNs > 0 {
		dump = time.AfterFunc(time.Duration(o.DumpAfterNs), func() { a.askForDump(r) })
	}
	status, used := a.wait(r)
	d.EndNs = monotonic()

	limit.Stop()
	for _, timer := range []*time.Timer{stop, dump} {
		if timer != nil {
			timer.Stop()
		}
	}
	d.After = a.signals.read()
	d.Ended = a.realm.clear(time.Time{}) // before the wait: who is left may hold a pipe's other end
	out.wait()
	d.Stdout, d.Stderr = out.stdout.stream(), out.stderr.stream()
	d.Lines, d.LinesDropped = out.lines.split()
	d.OOMKills = a.signals.oomKills() - kills
	d.TimedOut, d.Stopped, d.AskedToEnd = r.timedOut, r.stopped, r.asked
	if r.dumpedAt > 0 {
		d.DumpAskedNs = r.dumpedAt - d.StartNs
	}
	if status.Signaled() {
		d.Signal = int(status.Signal())
	} else {
		d.ExitCode = status.ExitStatus()
	}
	d.Usage = used
	a.scratch.clear()
	return d
}

// start leaves the pid at 0 where there is an error, or nothing to start because it was stopped before.
func (a *agent) start(r *replicate, attributes *syscall.ProcAttr) error {
	a.life.Lock()
	defer a.life.Unlock()
	if r.stopped {
		r.over = true
		return nil
	}
	a.oom.raise()
	pid, err := syscall.ForkExec(r.order.Argv[0], r.order.Argv, attributes)
	a.oom.lower()
	r.pid, r.over = pid, err != nil
	return err
}

// wait reaps the replicate's process, and on the way the orphans that the agent inherits from it: as
// zombies they would count against the limit of processes. It waits without reaping, and reaps under
// agent.life: whoever signals a pid under that lock can be sure whose it is.
func (a *agent) wait(r *replicate) (syscall.WaitStatus, usage) {
	for {
		pid, found := waitAny()
		a.life.Lock() // where end has taken it and reaped all there was, this is where the main thread stays
		if !found {
			panic("waitid: there is a replicate, and no child")
		}
		var status syscall.WaitStatus
		var used syscall.Rusage
		reap(pid, &status, &used)
		if pid == r.pid {
			r.over = true
			a.life.Unlock()
			return status, usageOf(used)
		}
		a.life.Unlock()
	}
}

// expire ends a replicate at its time limit. One that answers to SIGQUIT with a dump is asked for it first; a program that
// catches the signal, or cannot write all in time, is ended as any other.
func (a *agent) expire(r *replicate) {
	if r.order.DumpLimit > 0 && a.quit(r) {
		a.await(r, dumping)
	}
	a.kill(r, &r.timedOut)
}

// await gives a replicate time to end by itself.
func (a *agent) await(r *replicate, most time.Duration) {
	const step = 5 * time.Millisecond
	for waited := time.Duration(0); waited < most && a.lives(r); waited += step {
		time.Sleep(step)
	}
}

// quit signals the process alone: what it has started would end without a word. It says whether there is a process.
func (a *agent) quit(r *replicate) bool {
	a.life.Lock()
	defer a.life.Unlock()
	if r.over || r.pid == 0 {
		return false
	}
	r.timedOut = true
	syscall.Kill(r.pid, syscall.SIGQUIT)
	return true
}

// ask tells the process alone to end, as whoever stops a server would: what it makes of that is its own matter.
func (a *agent) ask(r *replicate) {
	a.life.Lock()
	defer a.life.Unlock()
	if r.over || r.pid == 0 {
		return
	}
	r.asked = true
	syscall.Kill(r.pid, syscall.SIGTERM)
}

// askForDump signals the process alone, in the middle of its life; one that catches the signal goes on.
func (a *agent) askForDump(r *replicate) {
	a.life.Lock()
	defer a.life.Unlock()
	if r.over || r.pid == 0 {
		return
	}
	r.dumpedAt = monotonic()
	syscall.Kill(r.pid, syscall.SIGQUIT)
}

func (a *agent) lives(r *replicate) bool {
	a.life.Lock()
	defer a.life.Unlock()
	return !r.over
}

// kill ends a replicate's process and the group of its session, first politely, and notes why.
func (a *agent) kill(r *replicate, why *bool) {
	if a.signal(r, syscall.SIGTERM, why) {
		a.await(r, grace)
		a.signal(r, syscall.SIGKILL, why)
	}
}

// signal says whether the replicate may need another. One that has not started needs none: it will not.
func (a *agent) signal(r *replicate, number syscall.Signal, why *bool) bool {
	a.life.Lock()
	defer a.life.Unlock()
	if r.over {
		return false
	}
	*why = true
	if r.pid == 0 {
		return false
	}
	syscall.Kill(-r.pid, number)
	syscall.Kill(r.pid, number) // in case it left its group
	return true
}

// waitAny blocks until a child has ended and gives its pid; the child stays a zombie. Without a child it says so.
func waitAny() (int, bool) {
	const (
		all    = 0         // P_ALL
		noWait = 0x1000000 // WNOWAIT
	)
	var info struct {
		signo, errno, code, _ int32
		pid                   int32
		_                     [108]byte
	}
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, all, 0, uintptr(unsafe.Pointer(&info)), syscall.WEXITED|noWait, 0, 0)
		if errno == 0 {
			return int(info.pid), true
		}
		if errno == syscall.ECHILD {
			return 0, false
		}
		if errno != syscall.EINTR {
			panic("waitid: " + errno.Error()) // what is asked is legal
		}
	}
}

func usageOf(ru syscall.Rusage) usage {
	return usage{
		UserNs:              ru.Utime.Nano(),
		SystemNs:            ru.Stime.Nano(),
		MaxRSSBytes:         ru.Maxrss << 10,
		MinorFaults:         ru.Minflt,
		MajorFaults:         ru.Majflt,
		VoluntarySwitches:   ru.Nvcsw,
		InvoluntarySwitches: ru.Nivcsw,
	}
}

func monotonic() int64 {
	const clockMonotonic = 1
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}
