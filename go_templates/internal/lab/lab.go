// Package lab is a program's side of the wire between it and the lab (docs/wire.md).
//
// It is linked into every program that is measured, so it imports only what a Go binary has anyway,
// starts no goroutine, and touches nothing until it is called. Observations are kept in memory and
// written at Flush: a write is a system call, and a system call in the middle of a measurement is part
// of it. Its functions are for one goroutine at a time.
package lab

import (
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// wire is the version that both ends must speak.
const wire = 2

// bufferSize holds what a program usually says in one write. Fuller, it is written early.
const bufferSize = 64 << 10

var (
	buffer = make([]byte, 0, bufferSize)
	opened bool
	fd     int
)

// Now gives the monotonic clock in nanoseconds, as the runtime reads it (vDSO, no system call).
func Now() int64 { return nanotime() }

//go:linkname nanotime runtime.nanotime
func nanotime() int64

// Observe keeps value under name. The name ends in its unit: _ns, _bytes; a plain count has none.
func Observe(name string, value int64) {
	line := begin(`{"o":`)
	line = strconv.AppendQuote(line, name)
	line = append(line, `,"v":`...)
	line = strconv.AppendInt(line, value, 10)
	end(line)
}

// Mark keeps the present instant under name.
func Mark(name string) { MarkAt(name, nanotime()) }

// MarkAt keeps an instant of the monotonic clock under name.
func MarkAt(name string, at int64) {
	line := begin(`{"m":`)
	line = strconv.AppendQuote(line, name)
	line = append(line, `,"t":`...)
	line = strconv.AppendInt(line, at, 10)
	end(line)
}

// Effective says what the process sees of its own settings: GOMAXPROCS and the CPUs that it may use.
func Effective() {
	line := begin(`{"e":{"gomaxprocs":`)
	line = strconv.AppendInt(line, int64(runtime.GOMAXPROCS(0)), 10)
	line = append(line, `,"cpus":"`...)
	line = appendAffinity(line)
	line = append(line, `"}`...)
	end(line)
}

// Flush writes what was kept. A program calls it last; what is not flushed is lost.
func Flush() {
	if !opened {
		open()
	}
	for rest := buffer; len(rest) > 0; {
		n, err := syscall.Write(fd, rest)
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil {
			syscall.Exit(74) // EX_IOERR: nobody listens, and there is nobody else to tell
		}
		rest = rest[n:]
	}
	buffer = buffer[:0]
}

// Work uses the CPU for ns nanoseconds at full speed: a fixed loop, so many iterations a microsecond as
// LAB_ITERS_PER_US says. The lab measures that number by itself (golab calibrate), never in the program,
// so that a program that runs at half speed takes twice as long. Without it, DefaultItersPerUs is used:
// good enough to try a program by hand, not to measure one.
func Work(ns int64) {
	if itersPerUs == 0 {
		itersPerUs = DefaultItersPerUs
		if text, ok := syscall.Getenv("LAB_ITERS_PER_US"); ok {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n <= 0 {
				panic("lab: LAB_ITERS_PER_US is " + strconv.Quote(text) + ", not a positive whole number")
			}
			itersPerUs = n
		}
	}
	Spin(ns * itersPerUs / 1000)
}

// DefaultItersPerUs is the order of magnitude of one iteration of Spin on today's machines (a third of a nanosecond to one).
const DefaultItersPerUs = 1000

var itersPerUs int64

// Spin is the loop itself: iterations that depend on each other, so that no CPU can overlap them.
//
//go:noinline
func Spin(iterations int64) uint64 {
	x := uint64(iterations) | 1
	for i := int64(0); i < iterations; i++ {
		x ^= x << 13
		x ^= x >> 7
	}
	return x
}

func begin(head string) []byte {
	if !opened {
		open()
	}
	return append(buffer, head...)
}

func end(line []byte) {
	buffer = append(line, '}', '\n')
	if len(buffer) > bufferSize-512 {
		Flush()
	}
}

func open() {
	opened = true
	fd = 2
	if text, ok := syscall.Getenv("LAB_FD"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			panic("lab: LAB_FD is " + strconv.Quote(text) + ", not a file descriptor")
		}
		fd = n
	}
	buffer = append(buffer, `{"wire":`...)
	buffer = strconv.AppendInt(buffer, wire, 10)
	buffer = append(buffer, '}', '\n')
}

// appendAffinity appends the CPUs of sched_getaffinity(2) as the kernel writes lists: 0-3,8.
func appendAffinity(line []byte) []byte {
	var mask [128]uint64 // 8192 CPUs, the kernel's own largest NR_CPUS
	n, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	if errno != 0 {
		return append(line, "unknown"...)
	}
	has := func(cpu int) bool { return cpu < int(n)*8 && mask[cpu/64]&(1<<(cpu%64)) != 0 }
	first := true
	for cpu := 0; cpu < int(n)*8; cpu++ {
		if !has(cpu) {
			continue
		}
		last := cpu
		for has(last + 1) {
			last++
		}
		if !first {
			line = append(line, ',')
		}
		first = false
		line = strconv.AppendInt(line, int64(cpu), 10)
		if last > cpu {
			line = append(line, '-')
			line = strconv.AppendInt(line, int64(last), 10)
		}
		cpu = last
	}
	return line
}
