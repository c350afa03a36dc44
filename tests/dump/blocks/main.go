// A program that blocks in the ways that a goroutine dump has words for: in all of them at once until a signal ends it, or in
// one way that the runtime sees to be a deadlock.
package main

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

var (
	mutex          sync.Mutex
	readLocked     sync.RWMutex
	writeLocked    sync.RWMutex
	group          sync.WaitGroup
	first, second  sync.Once
	condition      = sync.NewCond(&sync.Mutex{})
	never          = make(chan int)
	apart          = 50 * time.Millisecond
	running, stuck = make(chan bool, 8), make(chan bool, 64)
)

func holdMutex()  { mutex.Lock(); running <- true; select {} }
func holdToRead() { readLocked.RLock(); running <- true; select {} }
func holdToWrite() {
	writeLocked.Lock()
	running <- true
	select {}
}
func runOnce() { first.Do(func() { running <- true; select {} }) }

func lockMutex()   { stuck <- true; mutex.Lock() }
func lockToWrite() { stuck <- true; readLocked.Lock() }
func lockToRead()  { time.Sleep(2 * apart); stuck <- true; readLocked.RLock() }
func lockSecond()  { stuck <- true; writeLocked.Lock() }
func waitForOnce() { stuck <- true; first.Do(func() {}) }
func waitForAll()  { stuck <- true; group.Wait() }
func waitForWord() { condition.L.Lock(); stuck <- true; condition.Wait() }
func receive()     { stuck <- true; <-never }
func receiveNil()  { var c chan int; stuck <- true; <-c }
func send()        { stuck <- true; never2() <- 1 }
func sendNil()     { var c chan int; stuck <- true; c <- 1 }
func choose() {
	stuck <- true
	select {
	case <-never:
	case <-time.After(time.Hour):
	}
}
func sleep()        { stuck <- true; time.Sleep(time.Hour) }
func stayOnThread() { runtime.LockOSThread(); stuck <- true; select {} }
func readNetwork() {
	r, _, _ := os.Pipe() // a pipe of package os waits in the netpoller
	stuck <- true
	r.Read(make([]byte, 1))
}
func readKernel() {
	var fds [2]int
	syscall.Pipe(fds[:])
	stuck <- true
	syscall.Read(fds[0], make([]byte, 1))
}

type list[T any] struct{ c chan T }

func (l *list[T]) take() { stuck <- true; <-l.c }

func never2() chan int { return make(chan int) }

// every has each way of blocking, and 1000 goroutines that wait for one lock.
func every() {
	group.Add(1)
	for _, hold := range []func(){holdMutex, holdToRead, holdToWrite, runOnce} {
		go hold()
		<-running
	}
	ways := []func(){
		lockToWrite, lockToRead, lockSecond, waitForOnce, waitForAll, waitForWord, receive, receiveNil, send, sendNil,
		choose, sleep, stayOnThread, readNetwork, readKernel, (&list[int]{c: make(chan int)}).take,
	}
	for _, way := range ways {
		go way()
	}
	for range ways {
		<-stuck
	}
	for i := 0; i < 1000; i++ {
		go lockMutex()
		<-stuck
	}
	time.Sleep(4 * apart)
	os.Stdout.WriteString("stuck\n")
	select {}
}

func runFirst()  { time.Sleep(apart); second.Do(runSecond) }
func runSecond() { time.Sleep(apart); first.Do(runFirst) }

// crossed: two goroutines, each in the other's Once.
func crossed() {
	go first.Do(runFirst)
	go second.Do(runSecond)
	select {}
}

func getFirst()  { first.Do(needSecond) }
func getSecond() { second.Do(needFirst) }

func needSecond() { time.Sleep(apart); getSecond() }
func needFirst()  { time.Sleep(apart); getFirst() }

// accessors: the same, each Once called at one line only.
func accessors() {
	go getFirst()
	go getSecond()
	select {}
}

// nested: a Once that is called from its own function, on the way through another.
func nested() { first.Do(runFirst) }

// behind: one goroutine in a Once for ever, one that waits for it.
func behind() {
	go first.Do(func() { select {} })
	time.Sleep(apart)
	first.Do(func() {})
}

func relock() { mutex.Lock(); mutex.Lock() }

func main() {
	map[string]func(){
		"every": every, "crossed": crossed, "accessors": accessors, "nested": nested, "behind": behind, "relock": relock,
		"panic": func() { panic("out of order") },
	}[os.Args[1]]()
}
