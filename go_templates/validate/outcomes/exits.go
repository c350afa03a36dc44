package main

import (
	"runtime"
	"sync"
	"time"
)

var exits = map[string]func(){
	"nothing":                       func() {},
	"main_returns_beside_a_sleeper": func() { leave(func() { time.Sleep(time.Hour) }) },
	"main_returns_beside_a_spinner": func() { leave(func() { spin(time.Hour) }) },
	"main_returns_beside_a_blocked": func() { leave(block) },
	"main_returns_beside_a_call":    func() { leave(readForEver) },
	"main_returns_before_a_panic":   func() { go panic("too late") },
	"deferred_calls_of_main_run":    func() { defer time.Sleep(100 * time.Millisecond) },
	"goexit_of_a_goroutine":         goexitOfGoroutine,
	"goexit_in_a_once":              goexitInOnce,
	"spinner_never_ends":            spinnerNeverEnds,
	"sleeper_of_an_hour":            sleeperOfAnHour,
	"two_pass_a_value_for_ever":     pingPong,
}

func leave(f func()) {
	go f()
	time.Sleep(20 * time.Millisecond)
}

func goexitOfGoroutine() {
	done := make(chan int)
	go func() {
		defer close(done)
		runtime.Goexit()
	}()
	<-done
}

func spinnerNeverEnds() {
	go spin(time.Hour)
	block()
}

func sleeperOfAnHour() {
	go time.Sleep(time.Hour)
	block()
}

func pingPong() {
	c := make(chan int)
	go func() {
		for {
			time.Sleep(10 * time.Millisecond)
			c <- 1
		}
	}()
	for {
		<-c
	}
}

func goexitInOnce() {
	var once sync.Once
	done := make(chan int)
	go func() {
		defer close(done)
		once.Do(runtime.Goexit)
	}()
	<-done
	once.Do(func() { panic("it was done") })
}
