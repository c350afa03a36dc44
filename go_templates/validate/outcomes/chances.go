package main

import (
	"sync"
	"time"
)

// chances end in one way or another, by chance or by a race.
var chances = map[string]func(){
	"select_of_two_ready": func() {
		one, other := make(chan int, 1), make(chan int, 1)
		one <- 1
		other <- 1
		select {
		case <-one:
		case <-other:
			block()
		}
	},
	"select_of_three_ready": func() {
		var each [3]chan int
		for i := range each {
			each[i] = make(chan int, 1)
			each[i] <- i
		}
		select {
		case <-each[0]:
		case <-each[1]:
		case <-each[2]:
			panic("the third")
		}
	},
	"signal_too_early": func() {
		var mu sync.Mutex
		var wg sync.WaitGroup
		c := sync.NewCond(&mu)
		wg.Add(1)
		go func() { mu.Lock(); c.Wait(); mu.Unlock(); wg.Done() }()
		spin(80 * time.Microsecond)
		mu.Lock()
		c.Signal()
		mu.Unlock()
		wg.Wait()
	},
	"crossed_locks_at_once": func() {
		var a, b sync.Mutex
		var wg sync.WaitGroup
		both := func(first, second *sync.Mutex) {
			first.Lock()
			spin(80 * time.Microsecond)
			second.Lock()
			second.Unlock()
			first.Unlock()
		}
		wg.Add(1)
		go func() { both(&a, &b); wg.Done() }()
		both(&b, &a)
		wg.Wait()
	},
	"closed_while_sending": func() {
		values := make(chan int, 1)
		done := make(chan bool)
		go func() { spin(20 * time.Microsecond); values <- 1; close(done) }()
		spin(100 * time.Microsecond)
		close(values)
		<-done
	},
	"returns_before_a_panic": func() {
		go panic("not in time")
		spin(80 * time.Microsecond)
	},
	"waitgroup_added_too_late": func() {
		var wg sync.WaitGroup
		go func() {
			wg.Add(1)
			spin(500 * time.Microsecond)
			panic("somebody waited")
		}()
		spin(80 * time.Microsecond)
		wg.Wait()
	},
	"done_or_too_late": func() {
		done := make(chan bool, 1)
		go func() { time.Sleep(2 * time.Millisecond); done <- true }()
		select {
		case <-done:
		case <-time.After(2 * time.Millisecond):
			panic("too late")
		}
	},
}
