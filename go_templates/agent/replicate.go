package main

import (
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// grace is what a program gets between SIGTERM and SIGKILL.
const grace = 200 * time.Millisecond

// replicate is one process from its start to its end.
type replicate struct {
	order order
	init  bool

	mu       sync.Mutex
	pid      int // 0: not started, or already reaped
	timedOut bool
	stopped  bool
}

// run starts the process, waits for it and reports. What the agent does before the start and after the
// reaping is outside start_ns … end_ns.
func (r *replicate) run(s *signals) done {
	d := done{
		Event: "done", ID: r.order.ID, ExitCode: -1, Lines: []string{},
		Stdout: stream{Base64: []byte{}}, Stderr: stream{Base64: []byte{}},
		Before: map[string]int64{}, After: map[string]int64{},
	}
	out, err := openPipes(r.order)
	if err != nil {
		d.Error = err.Error()
		return d
	}
	env := append(r.order.Env[:len(r.order.Env):len(r.order.Env)], "LAB_FD=3")
	d.Before = s.read()
	oom := s.oomKills()
	d.StartedAtNs = time.Now().UnixNano()
	d.StartNs = monotonic()
	pid, err := r.start(env, out)
	out.closeWriters()
	if err != nil {
		d.EndNs = monotonic()
		d.Error = err.Error()
		out.collect()
		return d
	}
	limit := time.AfterFunc(time.Duration(r.order.TimeoutNs), func() { r.kill(&r.timedOut) })
	out.start()
	status, used := r.wait(pid)
	d.EndNs = monotonic()
	limit.Stop()
	d.After = s.read()
	d.Ended = endAll(r.init) // whoever still holds a pipe's other end must go before it can be drained
	d.Stdout, d.Stderr, d.Lines, d.LinesDropped = out.collect()
	d.OOMKills = s.oomKills() - oom
	d.TimedOut, d.Stopped = r.timedOut, r.stopped
	if status.Signaled() {
		d.Signal = int(status.Signal())
	} else {
		d.ExitCode = status.ExitStatus()
	}
	d.Usage = used
	if r.init {
		emptyFolder("/tmp")
	}
	return d
}

func (r *replicate) start(env []string, out *pipes) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(r.order.Argv[0], r.order.Argv, &syscall.ProcAttr{
		Dir:   r.order.Dir,
		Env:   env,
		Files: out.childFiles(),
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, err
	}
	r.pid = pid
	// The kernel shall choose the replicate, not the agent. Raising one's child needs no right; lowering the agent's own would.
	if f, err := os.OpenFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", os.O_WRONLY, 0); err == nil {
		f.WriteString("1000")
		f.Close()
	}
	return pid, nil
}

// wait reaps the process. It first waits without reaping: until r.pid is 0, nobody else can have its number.
func (r *replicate) wait(pid int) (syscall.WaitStatus, usage) {
	const pPID, wNoWait = 1, 0x1000000
	var siginfo [128]byte
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(pid), uintptr(unsafe.Pointer(&siginfo)), syscall.WEXITED|wNoWait, 0, 0)
		if errno != syscall.EINTR {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pid = 0
	var status syscall.WaitStatus
	var ru syscall.Rusage
	for {
		if _, err := syscall.Wait4(pid, &status, 0, &ru); err != syscall.EINTR {
			break
		}
	}
	return status, usage{
		UserNs:              ru.Utime.Nano(),
		SystemNs:            ru.Stime.Nano(),
		MaxRSSBytes:         ru.Maxrss << 10,
		MinorFaults:         ru.Minflt,
		MajorFaults:         ru.Majflt,
		VoluntarySwitches:   ru.Nvcsw,
		InvoluntarySwitches: ru.Nivcsw,
	}
}

// stop ends the process because the lab asked for it.
func (r *replicate) stop() { go r.kill(&r.stopped) }

// kill ends the process and its session's group, first politely, and notes why.
func (r *replicate) kill(why *bool) {
	r.signal(syscall.SIGTERM, why)
	time.Sleep(grace)
	r.signal(syscall.SIGKILL, why)
}

func (r *replicate) signal(number syscall.Signal, why *bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pid == 0 {
		return
	}
	*why = true
	syscall.Kill(-r.pid, number)
	syscall.Kill(r.pid, number) // in case it left its group
}

func monotonic() int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}
