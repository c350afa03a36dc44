package main

import (
	"bytes"
	"runtime"
	"sync"
	"time"

	"${ module }/internal/lab"
)

// dump has all goroutines wait for a mutex that main holds, and one for a WaitGroup, and counts by which words a dump
// tells of them. It is the text that SIGQUIT prints, without the processor's registers.
func dump() {
	var mu watched
	var wg, never sync.WaitGroup
	mu.Lock()
	wg.Add(int(*goroutines) + 1)
	never.Add(1)
	for i := int64(0); i < *goroutines; i++ {
		go func() {
			waitForMutex(&mu)
			wg.Done()
		}()
	}
	go func() {
		waitForGroup(&never)
		wg.Done()
	}()
	for mu.waiters() < *goroutines {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Millisecond) // who is counted is about to park

	observeWords(stacks())
	never.Done()
	mu.Unlock()
	wg.Wait()
}

//go:noinline
func waitForMutex(mu *watched) {
	mu.Lock()
	mu.Unlock()
}

//go:noinline
func waitForGroup(wg *sync.WaitGroup) { wg.Wait() }

// stacks of all goroutines, whole.
func stacks() []byte {
	for size := 1 << 20; ; size *= 2 {
		text := make([]byte, size)
		if n := runtime.Stack(text, true); n < size {
			return text[:n]
		}
	}
}

// observeWords counts the goroutines by the state in the brackets of their first line, and by the function in which they
// wait; a function's line begins with its package's path.
func observeWords(text []byte) {
	counts := map[string]int64{}
	for _, goroutine := range bytes.Split(text, []byte("\n\n")) {
		header, frames, _ := bytes.Cut(goroutine, []byte("\n"))
		frames = append([]byte("\n"), frames...)
		state := between(header, "[", "]")
		state, _, _ = bytes.Cut(state, []byte(",")) // waiting for minutes is said behind it
		has := func(frame string) bool { return bytes.Contains(frames, []byte(frame)) }
		switch {
		case has("\nmain.waitForMutex("):
			counts["waiters"]++
			count(counts, "waiters_said_semacquire", string(state) == "semacquire")
			count(counts, "waiters_said_mutex_lock", string(state) == "sync.Mutex.Lock")
			count(counts, "waiters_in_semacquiremutex", has("sync.runtime_SemacquireMutex("))
			count(counts, "waiters_in_package_sync", has("\nsync.runtime_SemacquireMutex("))
		case has("\nmain.waitForGroup("):
			count(counts, "group_said_semacquire", string(state) == "semacquire")
			count(counts, "group_said_waitgroup", string(state) == "sync.WaitGroup.Wait")
		}
	}
	for _, name := range []string{
		"waiters", "waiters_said_semacquire", "waiters_said_mutex_lock", "waiters_in_semacquiremutex",
		"waiters_in_package_sync", "group_said_semacquire", "group_said_waitgroup",
	} {
		lab.Observe(name, counts[name])
	}
}

func count(counts map[string]int64, name string, one bool) {
	if one {
		counts[name]++
	}
}

func between(text []byte, from, to string) []byte {
	_, rest, _ := bytes.Cut(text, []byte(from))
	found, _, _ := bytes.Cut(rest, []byte(to))
	return found
}
