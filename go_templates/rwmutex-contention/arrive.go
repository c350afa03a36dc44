package main

import (
	"slices"
	"sync"
	"time"

	"${ module }/internal/lab"
)

// arrive has readers come while another one reads: first with nobody else there, then with a writer that waits for that
// reader. The second ones wait for the reader, who is no obstacle to them, and for the writer.
func arrive() {
	var rw sync.RWMutex
	var wg sync.WaitGroup
	n := int(*goroutines)
	beside, behind := make([]int64, n), make([]int64, n)
	read := func(wait *int64) {
		asked := lab.Now()
		rw.RLock()
		*wait = max(lab.Now()-asked, leastWait)
		rw.RUnlock()
		wg.Done()
	}

	rw.RLock()
	wg.Add(n)
	for i := range beside {
		go read(&beside[i])
	}
	wg.Wait()

	writer := int64(0)
	wg.Add(n + 1)
	go func() {
		asked := lab.Now()
		rw.Lock()
		writer = lab.Now() - asked
		time.Sleep(time.Duration(*held))
		rw.Unlock()
		wg.Done()
	}()
	time.Sleep(time.Duration(*held))
	for i := range behind {
		go read(&behind[i])
	}
	time.Sleep(time.Duration(*held))
	rw.RUnlock()
	wg.Wait()

	lab.Observe("writer_wait_ns", writer)
	for i := range beside {
		lab.Observe("beside_reader_wait_ns", beside[i])
		lab.Observe("behind_writer_wait_ns", behind[i])
	}
	lab.Observe("least_behind_writer_wait_ns", slices.Min(behind))
}
