package main

import (
	"context"
	"sync"
	"time"
)

var contexts = map[string]func(){
	"context_cancelled": func() {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		<-ctx.Done()
	},
	"context_never_cancelled": func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		<-ctx.Done()
	},
	"context_of_a_parent": func() {
		parent, cancel := context.WithCancel(context.Background())
		child, stop := context.WithCancel(parent)
		defer stop()
		go cancel()
		<-child.Done()
	},
	"context_of_a_child": func() {
		parent, cancel := context.WithCancel(context.Background())
		defer cancel()
		_, stop := context.WithCancel(parent)
		go stop()
		<-parent.Done()
	},
	"context_with_timeout": func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		<-ctx.Done()
	},
	"context_without_an_end": func() { <-context.Background().Done() },
	"signal_before_wait": func() {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		c.Signal()
		mu.Lock()
		c.Wait()
	},
	"waiter_before_signal": func() {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		mu.Lock()
		go func() { mu.Lock(); c.Signal(); mu.Unlock() }()
		c.Wait()
		mu.Unlock()
	},
	"leaked_senders": func() {
		answers := make(chan int)
		for i := 0; i < 3; i++ {
			go func() { answers <- i }()
		}
		<-answers
	},
	"leaked_senders_are_waited_for": func() {
		answers := make(chan int)
		var wg sync.WaitGroup
		for i := 0; i < 3; i++ {
			wg.Add(1)
			go func() { answers <- i; wg.Done() }()
		}
		<-answers
		wg.Wait()
	},
}
