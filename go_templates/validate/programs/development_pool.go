package main

import "${ module }/internal/lab"

var _ = add("pool", pool)

type job struct{ number, offered, done int64 }

// pool: workers take jobs of different lengths from one channel and answer on another.
func pool() {
	workers, jobs := parameter("workers", 4), parameter("jobs", 500)
	shortest, longest := parameter("shortest", 20*us), parameter("longest", 180*us)
	latency := sampled("latency_ns", jobs)
	todo, done := make(chan job, 16), make(chan job, 16)
	for w := int64(0); w < workers; w++ {
		go func() {
			for j := range todo {
				lab.Work(varied(j.number, shortest, longest))
				j.done = lab.Now()
				done <- j
			}
		}()
	}
	go func() {
		for i := int64(0); i < jobs; i++ {
			todo <- job{number: i, offered: lab.Now()}
		}
		close(todo)
	}()
	for i := int64(0); i < jobs; i++ {
		j := <-done
		latency.add(j.done - j.offered)
	}
}
