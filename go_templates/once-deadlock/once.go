package main

import (
	"sync"
	"time"

	"${ module }/internal/lab"
)

const (
	rounds  = 10
	long    = 10 * time.Millisecond
	meeting = int64(3 * time.Millisecond)
)

func nothing() {}

// isSet is what the article's initialiser sets when the inner one is done.
var isSet bool

// nested is the article's call as written: one goroutine, and nothing else uses b.
func nested() {
	var a, b sync.Once
	a.Do(func() {
		b.Do(nothing)
		isSet = true
	})
}

// reentrant is a Once that its own function enters again.
func reentrant() {
	var a sync.Once
	a.Do(func() {
		a.Do(nothing)
	})
}

// crossed are two Onces, each held by a goroutine that wants the other; both hold theirs before either asks.
func crossed() {
	var a, b sync.Once
	var inside, done sync.WaitGroup
	inside.Add(2)
	done.Add(2)
	cross := func(own, other *sync.Once) {
		own.Do(func() {
			inside.Done()
			inside.Wait()
			other.Do(nothing)
		})
		done.Done()
	}
	go cross(&a, &b)
	go cross(&b, &a)
	done.Wait()
}

// crossedByChance is the same without the meeting: each holds its own for three milliseconds.
func crossedByChance() {
	var a, b sync.Once
	var done sync.WaitGroup
	done.Add(2)
	cross := func(own, other *sync.Once) {
		own.Do(func() {
			for start := lab.Now(); lab.Now()-start < meeting; {
			}
			other.Do(nothing)
		})
		done.Done()
	}
	go cross(&a, &b)
	go cross(&b, &a)
	done.Wait()
}

// onceFunc is a sync.OnceFunc whose function calls it again.
func onceFunc() {
	var f func()
	f = sync.OnceFunc(func() {
		f()
	})
	f()
}

// onceFuncPanic calls a sync.OnceFunc twice whose function panics; the first panic is recovered.
func onceFuncPanic() {
	f := sync.OnceFunc(func() { panic("initialiser") })
	recovered(f)
	f()
}

// oncePanic is the same with a sync.Once.
func oncePanic() {
	var a sync.Once
	recovered(func() {
		a.Do(func() { panic("initialiser") })
	})
	a.Do(func() { panic("it runs again") })
}

func recovered(f func()) {
	defer func() { _ = recover() }()
	f()
}

// slow has a second caller come while the first one's function sleeps.
func slow() {
	for i := 0; i < rounds; i++ {
		var a sync.Once
		begun, done := make(chan struct{}), make(chan struct{})
		go func() {
			a.Do(func() {
				close(begun)
				time.Sleep(long)
			})
			close(done)
		}()
		<-begun
		start := lab.Now()
		a.Do(nothing)
		lab.Observe("once_wait_ns", lab.Now()-start)
		<-done
	}
}
