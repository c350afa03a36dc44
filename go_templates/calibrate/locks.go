package main

import (
	"sync"
	"sync/atomic"
	_ "unsafe" // linkname
)

//go:linkname semacquire sync.runtime_Semacquire
func semacquire(addr *uint32)

//go:linkname semrelease sync.runtime_Semrelease
func semrelease(addr *uint32, handoff bool, skipframes int)

// doSpin is one round of a Mutex's active spinning: 30 PAUSE (proc.go: sync_runtime_doSpin, active_spin_cnt).
//
//go:linkname doSpin sync.runtime_doSpin
func doSpin()

// locks, on one P: the fast paths of package sync, an operation each; and a semaphore's slow path, of whose round
// trips each has two that wait, two that wake and two switches.
func locks() {
	const n = 1000
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	var once sync.Once
	var counter atomic.Int64
	once.Do(func() {})
	done := func() {}
	for _, each := range []struct {
		name       string
		operations int
		body       func()
	}{
		{"mutex", 2, func() {
			for i := 0; i < n; i++ {
				mu.Lock()
				mu.Unlock()
			}
		}},
		{"rlock", 2, func() {
			for i := 0; i < n; i++ {
				rw.RLock()
				rw.RUnlock()
			}
		}},
		{"rwlock", 2, func() {
			for i := 0; i < n; i++ {
				rw.Lock()
				rw.Unlock()
			}
		}},
		{"waitgroup", 2, func() {
			for i := 0; i < n; i++ {
				wg.Add(1)
				wg.Done()
			}
		}},
		{"once", 1, func() {
			for i := 0; i < n; i++ {
				once.Do(done)
			}
		}},
		{"atomic", 1, func() {
			for i := 0; i < n; i++ {
				counter.Add(1)
			}
		}},
	} {
		record(at("sync_op", "of", each.name), n*each.operations, timed(blocks, each.body))
	}

	var there, back uint32
	stop := false
	go func() {
		for !stop {
			semacquire(&there)
			semrelease(&back, false, 0)
		}
	}()
	record("sema_round_trip", block, timed(blocks, func() {
		for i := 0; i < block; i++ {
			semrelease(&there, false, 0)
			semacquire(&back)
		}
	}))
	stop = true
	semrelease(&there, false, 0)
	semacquire(&back)

	const spins = 100
	record("pause_round", spins, timed(blocks, func() {
		for i := 0; i < spins; i++ {
			doSpin()
		}
	}))
}
