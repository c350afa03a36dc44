package main

import (
	"syscall"
	"time"

	"${ module }/internal/lab"
)

var _ = add("faults", faults)

// faults: main touches fresh memory beside a goroutine that wants to run every few milliseconds.
func faults() {
	rounds, bytes, period := parameter("rounds", 8), parameter("bytes", 16<<20), parameter("period", 2*ms)
	took, late := sampled("round_ns", rounds), sampled("late_ns", 4096)
	touch(bytes) // what the machine's host has not backed yet costs more
	over, ended := make(chan bool), make(chan bool)
	go func() {
		for {
			start := lab.Now()
			time.Sleep(time.Duration(period))
			select {
			case <-over:
				ended <- true
				return
			default:
				late.add(lab.Now() - start - period)
			}
		}
	}()
	for r := int64(0); r < rounds; r++ {
		took.add(touch(bytes))
	}
	close(over)
	<-ended
}

// touch is how long the first touch of every 4 KiB page of fresh memory takes.
func touch(bytes int64) int64 {
	const noHugePages, page = 15, 4 << 10
	memory, err := syscall.Mmap(-1, 0, int(bytes), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	syscall.Madvise(memory, noHugePages)
	start := lab.Now()
	for i := int64(0); i < bytes; i += page {
		memory[i] = 1
	}
	took := lab.Now() - start
	syscall.Munmap(memory)
	return took
}
