package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// guarded is the argument of an agent that has a warden.
const guarded = "guarded"

// hesitation is what an agent gets between SIGTERM and SIGKILL.
const hesitation = 500 * time.Millisecond

// keepWarden makes two processes of a plain agent: this one becomes the warden and never returns, the other, its child,
// is the agent. What the agent started becomes the warden's when the agent is killed, wherever it fled to, because both
// are reapers of their descendants: the warden ends it, and then itself in the same way. Were only the agent there, that
// would go to whoever is the next reaper above (a user's session, the machine's first process), among processes of others
// from which nothing tells it any more. And who kills the warden tells the agent to end.
//
// The first process of a namespace needs none: the kernel ends a namespace with it.
//
// The warden sleeps in waitid while there is an agent. Standard output is its own, too, so that it ends for the lab when all
// that was started is gone.
func keepWarden() {
	if len(os.Args) > 1 && os.Args[1] == guarded {
		return
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	agent, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], guarded}, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM},
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "agent: cannot start beside its warden: %v\n", err)
		os.Exit(exitImpotence)
	}
	var life sync.Mutex // held by whoever signals or reaps the agent: its pid names nobody else meanwhile
	go func() {
		<-told
		for _, number := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			life.Lock()
			syscall.Kill(agent, number)
			life.Unlock()
			time.Sleep(hesitation) // an agent that can end has ended; one that stands still never would
		}
	}()
	waitAny() // it has ended: nobody else can, before it
	life.Lock()
	var status syscall.WaitStatus
	reap(agent, &status, nil)
	descendants.clear(time.Now().Add(patience))
	if status.Signaled() {
		signal.Reset(status.Signal())
		syscall.Kill(os.Getpid(), status.Signal())
	}
	os.Exit(status.ExitStatus())
}
