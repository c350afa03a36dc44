package main

import (
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"${ module }/internal/lab"
)

const (
	us = int64(1_000)
	ms = int64(1_000_000)
)

// Rules about times: each prints whether a time is on the rule's side of what one would think, and observes it.
var times = map[string]func(){
	"short_sleep":        shortSleep,
	"time_slice":         timeSlice,
	"syscall_handoff":    syscallHandoff,
	"timer_beside_a_hog": timerBesideHog,
	"locked_round_trip":  lockedRoundTrip,
	"init_round_trip":    func() { tell(inInit, 5*us) },
	"greedy_lock":        greedyLock,
	"fault_keeps_p":      faultKeepsP,
	"steal_runnext":      stealRunnext,
}

func init() {
	if name, _ := syscall.Getenv("RULE"); name == "init_round_trip" {
		inInit = roundTrip()
	}
}

var inInit int64

// tell prints whether a time is beyond a limit, and observes it.
func tell(took, beyond int64) {
	ob(took > beyond)
	lab.Observe("took_ns", took)
}

// median is 0 of none, which is what the folk model has to offer for some.
func median(values []int64) int64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func nanosleep(ns int64) {
	left := syscall.NsecToTimespec(ns)
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}

func shortSleep() {
	took := make([]int64, 20)
	for i := range took {
		start := lab.Now()
		time.Sleep(100 * time.Microsecond)
		took[i] = lab.Now() - start
	}
	tell(median(took), ms)
}

func timeSlice() {
	var away []int64
	over := lab.Now() + 150*ms
	hog := func() {
		for last := lab.Now(); last < over; {
			lab.Work(20 * us)
			now := lab.Now()
			if now-last > 5*ms {
				away = append(away, now-last)
			}
			last = now
		}
	}
	go hog()
	hog()
	tell(median(away), 15*ms)
}

func syscallHandoff() {
	spin(100 * time.Millisecond) // sysmon sleeps longer and longer
	first := handoff(20 * ms)
	var later [10]int64
	for i := range later {
		later[i] = handoff(ms)
	}
	tell(first, ms)
	ob(median(later[:]) < ms)
}

// handoff is how long a goroutine waits that becomes runnable just before the only P's thread blocks in a system call.
func handoff(call int64) int64 {
	began := make(chan int64, 1)
	start := lab.Now()
	go func() { began <- lab.Now() }()
	nanosleep(call)
	return <-began - start
}

func timerBesideHog() {
	over := make(chan bool)
	go func() { spin(60 * time.Millisecond); close(over) }()
	start := lab.Now()
	time.Sleep(time.Millisecond)
	tell(lab.Now()-start, 5*ms)
	<-over
}

// roundTrip is the median time of a round trip over two channels.
func roundTrip() int64 {
	there, back := make(chan bool), make(chan bool)
	go func() {
		for range there {
			back <- true
		}
	}()
	took := make([]int64, 100)
	for i := range took {
		start := lab.Now()
		there <- true
		<-back
		took[i] = lab.Now() - start
	}
	close(there)
	return median(took)
}

func lockedRoundTrip() {
	free := roundTrip()
	runtime.LockOSThread()
	took := roundTrip()
	tell(took, 5*free)
}

func greedyLock() {
	var mu sync.Mutex
	got := make(chan int64, 1)
	mu.Lock()
	go func() {
		start := lab.Now()
		mu.Lock()
		got <- lab.Now() - start
		mu.Unlock()
	}()
	runtime.Gosched() // it waits now
	for {
		lab.Work(200 * us)
		mu.Unlock()
		select {
		case took := <-got:
			tell(took, 5*ms)
			return
		default:
		}
		mu.Lock()
	}
}

func faultKeepsP() {
	const bytes, page, noHugePages = 4 << 20, 4 << 10, 15
	memory, err := syscall.Mmap(-1, 0, bytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	syscall.Madvise(memory, noHugePages)
	began := make(chan int64, 1)
	go func() { began <- lab.Now() }()
	start := lab.Now()
	for i := 0; i < bytes; i += page {
		memory[i] = 1
	}
	touched := lab.Now()
	at := <-began
	ob(at >= touched)
	lab.Observe("took_ns", at-start)
}

// stealRunnext: one that is the next to run on a busy P is stolen later than one that stands in its queue.
func stealRunnext() {
	const rounds = 30
	var next, queued [rounds]int64
	for i := range next {
		next[i] = stolen(false)
		queued[i] = stolen(true)
	}
	tell(slices.Min(next[:]), slices.Min(queued[:])) // a machine with other things to do only adds
}

// stolen is how long it takes until another P runs what this one has started, while this one goes on; followed, it stands in the queue.
func stolen(followed bool) int64 {
	time.Sleep(2 * time.Millisecond) // the other P has nothing to do any more
	began := make(chan int64, 1)
	start := lab.Now()
	go func() { began <- lab.Now() }()
	if followed {
		go func() {}()
	}
	spin(time.Millisecond)
	return <-began - start
}
