package main

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

// loopback: a datagram of 64 bytes to oneself over 127.0.0.1, sent and received by one thread, in raw calls: what the
// kernel needs of the CPU. Then a round trip between two threads, each of which waits in the kernel for the other.
func loopback() {
	here, there := datagrams(), datagrams()
	if here < 0 || there < 0 {
		return // no loopback interface
	}
	defer syscall.Close(here)
	defer syscall.Close(there)
	connect(here, here)
	const n, times = 20, 15
	sends, receives := make([]int64, times), make([]int64, times)
	for i := range times {
		start := lab.Now()
		for range n {
			move(syscall.SYS_WRITE, here)
		}
		sent := lab.Now()
		for range n {
			move(syscall.SYS_READ, here)
		}
		sends[i], receives[i] = sent-start, lab.Now()-sent
	}
	record("loopback_send", n, sends)
	record("loopback_receive", n, receives)

	connect(here, there)
	connect(there, here)
	var both threads
	trips := make([]int64, 40)
	both.start(unpinned, func() {
		for range trips {
			move(syscall.SYS_READ, there)
			move(syscall.SYS_WRITE, there)
		}
	})
	both.start(unpinned, func() {
		for i := range trips {
			start := lab.Now()
			move(syscall.SYS_WRITE, here)
			move(syscall.SYS_READ, here)
			trips[i] = lab.Now() - start
		}
	})
	both.Wait()
	record("loopback_round_trip", 1, trips)
}

func datagrams() int {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	if syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}) != nil {
		return -1
	}
	return fd
}

func connect(fd, to int) {
	address, err := syscall.Getsockname(to)
	if err == nil {
		err = syscall.Connect(fd, address)
	}
	if err != nil {
		panic("connect on 127.0.0.1: " + err.Error())
	}
}

func move(call uintptr, fd int) {
	var datagram [64]byte
	syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&datagram)), uintptr(len(datagram)))
}

// netpoll: a goroutine waits for a pipe, nothing else runs in the process but a locked thread that writes; from the
// write's beginning until the goroutine runs. Made of other primitives: it judges, and no model is made of it.
func netpoll() {
	reader, writer, err := os.Pipe()
	if err != nil {
		panic("pipe: " + err.Error())
	}
	fd := int(writer.Fd()) // makes it block, and the reader does not
	for _, gap := range []int64{100_000, 1_000_000} {
		const times = 12
		var wrote atomic.Int64
		values := make([]int64, 0, times)
		done := make(chan bool)
		go func() {
			one := make([]byte, 1)
			for range times {
				reader.Read(one)
				values = append(values, lab.Now()-wrote.Load())
			}
			done <- true
		}()
		own := make(chan bool)
		go func() {
			runtime.LockOSThread()
			for range times {
				nanosleep(gap)
				wrote.Store(lab.Now())
				transfer(syscall.SYS_WRITE, fd)
				nanosleep(gap)
			}
			own <- true
		}()
		<-own
		<-done
		record(at("netpoll_wake", "gap", gap), 1, values)
	}
}
