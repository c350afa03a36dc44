package main

import (
	"runtime"
	"sync"
	"time"
)

var deadlocks = map[string]func(){
	"select_of_nothing":              block,
	"receive_and_nobody_sends":       func() { <-make(chan int) },
	"send_and_nobody_receives":       func() { make(chan int) <- 1 },
	"full_buffer":                    fullBuffer,
	"receive_from_nil":               receiveFromNil,
	"send_to_nil":                    sendToNil,
	"select_of_nil_channels":         selectOfNil,
	"never_closed":                   neverClosed,
	"recursive_lock":                 recursiveLock,
	"recursive_lock_of_a_goroutine":  recursiveLockOfGoroutine,
	"write_lock_under_a_read_lock":   writeUnderRead,
	"read_lock_under_a_write_lock":   readUnderWrite,
	"second_read_lock_behind_writer": secondReadLock,
	"two_locks_in_two_orders":        twoLocks,
	"once_in_its_own_once":           recursiveOnce,
	"waitgroup_never_done":           waitgroupNeverDone,
	"cond_never_signalled":           condNeverSignalled,
	"sleeper_ends_then_deadlock":     sleeperEnds,
	"workers_end_then_deadlock":      workersEnd,
	"many_blocked":                   manyBlocked,
	"mains_goexit_alone":             runtime.Goexit,
	"mains_goexit_with_blocked":      goexitWithBlocked,
	"mains_goexit_and_then_blocked":  goexitThenBlocked,
	"mains_goexit_with_a_worker":     goexitWithWorker,
	"mains_goexit_runs_deferred":     goexitRunsDeferred,
}

func fullBuffer() {
	c := make(chan int, 1)
	c <- 1
	c <- 2
}

func receiveFromNil() {
	var c chan int
	<-c
}

func sendToNil() {
	var c chan int
	c <- 1
}

func selectOfNil() {
	var c, d chan int
	select {
	case <-c:
	case d <- 1:
	}
}

func neverClosed() {
	c := make(chan int)
	go func() {
		for i := range 3 {
			c <- i
		}
	}()
	for range c {
	}
}

func recursiveLock() {
	var mu sync.Mutex
	mu.Lock()
	mu.Lock()
}

func recursiveLockOfGoroutine() {
	done := make(chan int)
	go func() {
		recursiveLock()
		close(done)
	}()
	<-done
}

func writeUnderRead() {
	var mu sync.RWMutex
	mu.RLock()
	mu.Lock()
}

func readUnderWrite() {
	var mu sync.RWMutex
	mu.Lock()
	mu.RLock()
}

func secondReadLock() {
	var mu sync.RWMutex
	mu.RLock()
	go func() {
		mu.Lock()
		mu.Unlock()
	}()
	time.Sleep(20 * time.Millisecond)
	mu.RLock()
}

func twoLocks() {
	var a, b sync.Mutex
	b.Lock()
	go func() {
		a.Lock()
		b.Lock()
	}()
	time.Sleep(20 * time.Millisecond)
	a.Lock()
}

func recursiveOnce() {
	var once sync.Once
	once.Do(func() { once.Do(func() {}) })
}

func waitgroupNeverDone() {
	var wg sync.WaitGroup
	wg.Add(2)
	go wg.Done()
	wg.Wait()
}

func condNeverSignalled() {
	cond := sync.NewCond(new(sync.Mutex))
	cond.L.Lock()
	cond.Wait()
}

func sleeperEnds() {
	go time.Sleep(200 * time.Millisecond)
	block()
}

func workersEnd() {
	for range 8 {
		go spin(20 * time.Millisecond)
	}
	block()
}

func manyBlocked() {
	c := make(chan int)
	for range 100 {
		go func() { <-c }()
	}
	block()
}

func goexitWithBlocked() {
	go block()
	runtime.Goexit()
}

func goexitWithWorker() {
	go time.Sleep(100 * time.Millisecond)
	runtime.Goexit()
}

func goexitRunsDeferred() {
	defer time.Sleep(100 * time.Millisecond)
	runtime.Goexit()
}

func panicAfterGoexit() {
	go func() {
		time.Sleep(50 * time.Millisecond)
		panic("after main's Goexit")
	}()
	runtime.Goexit()
}

func goexitInInit() {
	runtime.Goexit()
}

func initWaits() {
	done := make(chan int)
	go func() {
		time.Sleep(20 * time.Millisecond)
		close(done)
	}()
	<-done
}

func initWaitsInVain() {
	done := make(chan int)
	go func() { <-done }()
	done <- 1
	<-done
}

func spin(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

func goexitThenBlocked() {
	go func() {
		spin(50 * time.Millisecond)
		block()
	}()
	runtime.Goexit()
}
