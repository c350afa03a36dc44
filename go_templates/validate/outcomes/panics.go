package main

import (
	"sync"
	"time"
)

var panics = map[string]func(){
	"send_on_closed":                  sendOnClosed,
	"send_on_closed_buffered":         sendOnClosedBuffered,
	"sender_waits_and_it_is_closed":   senderWaits,
	"select_sends_on_closed":          selectSends,
	"double_close":                    doubleClose,
	"close_of_nil":                    closeOfNil,
	"unlock_of_unlocked":              func() { new(sync.Mutex).Unlock() },
	"second_unlock":                   secondUnlock,
	"unlock_of_unlocked_rwmutex":      func() { new(sync.RWMutex).Unlock() },
	"runlock_of_unlocked_rwmutex":     func() { new(sync.RWMutex).RUnlock() },
	"unlock_of_a_read_lock":           unlockOfReadLock,
	"runlock_of_a_write_lock":         runlockOfWriteLock,
	"cond_waits_without_its_lock":     condWithoutLock,
	"negative_waitgroup":              func() { new(sync.WaitGroup).Add(-1) },
	"one_done_too_many":               oneDoneTooMany,
	"panic_of_main":                   func() { panic("of main") },
	"panic_beside_main":               panicBesideMain,
	"panic_after_a_sleep":             panicAfterSleep,
	"panic_in_a_once":                 panicInOnce,
	"panic_in_an_after_func":          panicInAfterFunc,
	"panic_after_mains_goexit":        panicAfterGoexit,
	"panic_while_main_returns":        panicWhileMainReturns,
	"slow_defer_while_main_returns":   slowDefer,
	"panic_runs_what_was_deferred":    panicRunsDeferred,
	"panic_of_a_deferred_call":        panicOfDeferred,
	"deferred_deadlock_under_a_panic": deferredDeadlock,
	"ticker_of_nothing":               func() { time.NewTicker(0) },
	"ticker_reset_to_nothing":         func() { time.NewTicker(time.Second).Reset(0) },
}

func sendOnClosed() {
	c := make(chan int)
	close(c)
	c <- 1
}

func sendOnClosedBuffered() {
	c := make(chan int, 2)
	c <- 1
	close(c)
	c <- 2
}

func senderWaits() {
	c := make(chan int)
	go func() { c <- 1 }()
	time.Sleep(20 * time.Millisecond)
	close(c)
	block()
}

func selectSends() {
	c, other := make(chan int), make(chan int)
	close(c)
	select {
	case c <- 1:
	case <-other:
	}
}

func doubleClose() {
	c := make(chan int)
	close(c)
	close(c)
}

func closeOfNil() {
	var c chan int
	close(c)
}

func secondUnlock() {
	var mu sync.Mutex
	mu.Lock()
	mu.Unlock()
	mu.Unlock()
}

func unlockOfReadLock() {
	var mu sync.RWMutex
	mu.RLock()
	mu.Unlock()
}

func runlockOfWriteLock() {
	var mu sync.RWMutex
	mu.Lock()
	mu.RUnlock()
}

func condWithoutLock() {
	sync.NewCond(new(sync.Mutex)).Wait()
}

func oneDoneTooMany() {
	var wg sync.WaitGroup
	wg.Add(1)
	wg.Done()
	wg.Done()
}

func panicBesideMain() {
	go func() { panic("beside main") }()
	block()
}

func panicAfterSleep() {
	go func() {
		time.Sleep(50 * time.Millisecond)
		panic("after a sleep")
	}()
	block()
}

func panicInOnce() {
	var once sync.Once
	once.Do(func() { panic("in a once") })
}

func panicInAfterFunc() {
	time.AfterFunc(50*time.Millisecond, func() { panic("in an AfterFunc") })
	block()
}

func panicWhileMainReturns() {
	done := make(chan int)
	go func() {
		defer close(done)
		panic("while main returns")
	}()
	<-done
}

func slowDefer() {
	done := make(chan int)
	go func() {
		defer func() {
			close(done)
			time.Sleep(300 * time.Millisecond)
		}()
		panic("nobody sees it")
	}()
	<-done
}

func panicRunsDeferred() {
	defer time.Sleep(100 * time.Millisecond)
	panic("after what was deferred")
}

func panicOfDeferred() {
	defer panic("the second")
	panic("the first")
}

func deferredDeadlock() {
	defer block()
	panic("never said")
}

func panicBesideInit() {
	go func() { panic("beside an init") }()
	block()
}
