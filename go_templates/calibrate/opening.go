package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"${ module }/internal/lab"
)

const (
	opened   = 200
	newNames = 8
	runs     = 5
	deep     = 16
	// atFDCWD: names are relative to the folder that the process was started in.
	atFDCWD        = ^uintptr(99)
	clockThreadCPU = 3
)

// opening: what opening and closing files takes in the folder that this process was started in; LAB_FOLDER says what that lies on.
//
// First the first os.Open of a process, of a file that is there or, in every second round, is not: the kernel knows the name. Then os.Open
// and Close of the one and os.Open of the other again; the bare system call for a name of which the kernel knows that it is not there, and
// for names that nobody has asked for; what each name of a path adds; opening to write. Names are made of the clock, because the lower folders of an
// image are those of all its containers, and the kernel remembers what was asked for in any of them.
func opening() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fs, _, isLayered := strings.Cut(os.Getenv("LAB_FOLDER"), ":")
	const present = "layer-1" // in the lowest layer, if the folder came with any
	isOwn := made(present)
	syscall.Close(openat(cString(present)))

	absent := fresh("absent")
	openat(cString(absent))
	if round, _ := strconv.Atoi(os.Getenv("LAB_ROUND")); round%2 == 0 {
		record(at("open_first_present", "fs", fs), 1, []int64{first(present)})
	} else {
		record(at("open_first_absent", "fs", fs), 1, []int64{first(absent)})
		first(present)
	}

	around := entering()
	var opens, closes, misses []int64
	for range opened {
		start := spent()
		file, err := os.Open(present)
		opens = append(opens, since(start)-around)
		if err != nil {
			panic(err)
		}
		start = spent()
		file.Close()
		closes = append(closes, since(start)-around)
		start = spent()
		_, err = os.Open(absent)
		misses = append(misses, since(start)-around)
		if err == nil {
			panic(absent + " is there")
		}
	}
	record(at("open_present", "fs", fs), 1, opens)
	record(at("open_close", "fs", fs), 1, closes)
	record(at("open_absent", "fs", fs), 1, misses)

	record(at("open_known", "fs", fs), 1, missing(opened, func() string { return absent }))
	var firsts, nexts []int64
	for range runs {
		for range opened {
			syscall.Close(openat(cString(present)))
		}
		run := missing(newNames, func() string { return fresh("new") })
		firsts, nexts = append(firsts, run[0]), append(nexts, run[1:]...)
	}
	levels := []any{"fs", fs}
	if isLayered {
		levels = append(levels, "layers", layers())
	}
	record(at("open_new", append(levels, "after", "known")...), 1, firsts)
	record(at("open_new", append(levels, "after", "new")...), 1, nexts)
	names(fs, present)
	if own := fresh("own"); made(own) { // the root of an image is read-only
		record(at("open_writable", "fs", fs), 1, writably(own, around))
		os.Remove(own)
	}
	if isOwn {
		os.Remove(present)
	}
}

// first opens a file as the first of this process.
func first(name string) int64 {
	start := spent()
	file, err := os.Open(name)
	took := since(start)
	if err == nil {
		file.Close()
	}
	return took
}

// writably opens a file to read and write it: where there are layers it is above them, so that nothing is copied.
func writably(name string, around int64) []int64 {
	values := make([]int64, opened)
	for i := range values {
		start := spent()
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		values[i] = since(start) - around
		if err != nil {
			panic(err)
		}
		file.Close()
	}
	return values
}

// layers says how many have this folder: each has a file of its own in it (lab/engine/base.py). An image has others below.
func layers() (n int) {
	entries, err := os.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "layer-") {
			n++
		}
	}
	return n
}

// missing asks so often for a file that is not there.
func missing(times int, name func() string) []int64 {
	paths, values := make([]*byte, times), make([]int64, times)
	for i := range paths {
		paths[i] = cString(name())
	}
	for i, path := range paths {
		start := spent()
		openat(path)
		values[i] = since(start)
	}
	return values
}

// names: what each name of a path adds that the kernel knows: below a folder that can be written to, else that of the folder's own path.
func names(fs, present string) {
	top := fresh("d")
	path, more := top+strings.Repeat("/d", deep-1), deep
	if os.MkdirAll(path, 0o755) == nil {
		defer os.RemoveAll(top)
		path += "/" + present
		made(path)
	} else {
		folder, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		path, more = folder+"/"+present, strings.Count(folder, "/")
	}
	short, long := cString(present), cString(path)
	block := func(path *byte) int64 {
		start := spent()
		for range deep {
			syscall.Close(openat(path))
		}
		return since(start)
	}
	block(long)
	var values []int64
	for range 40 {
		values = append(values, block(long)-block(short))
	}
	record(at("open_name", "fs", fs), deep*more, values)
}

// entering is what the runtime does around a system call, which the simulator adds by itself.
func entering() int64 {
	least := int64(block)
	for range blocks {
		start := spent()
		for range block {
			syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
		}
		bare := since(start)
		start = spent()
		for range block {
			syscall.Syscall(syscall.SYS_GETPPID, 0, 0, 0)
		}
		least = min(least, (since(start)-bare)/block)
	}
	return max(least, 0)
}

// spent is the CPU time of this thread: what is opened here is in memory, so whatever else passes is somebody else's. To ask is a system call.
func spent() int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

// since is what this thread has spent since then, without asking.
func since(start int64) int64 { return spent() - start - asking }

// asking is what it takes to ask.
var asking = func() int64 {
	start := spent()
	for range block - 1 {
		spent()
	}
	return (spent() - start) / block
}()

// made makes an empty file, and says whether it did: elsewhere the folder came with one. By system calls alone, for the first os.Open is a primitive.
func made(path string) bool {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return false
	}
	syscall.Close(fd)
	return true
}

// fresh is a name that nobody has used.
func fresh(name string) string {
	used++
	return name + "-" + started + "-" + strconv.Itoa(used)
}

var (
	started = strconv.FormatInt(lab.Now(), 36)
	used    int
)

// openat is the system call, without the runtime's knowledge; -1 where there is no such file.
func openat(path *byte) int {
	fd, _, errno := syscall.RawSyscall6(syscall.SYS_OPENAT, atFDCWD, uintptr(unsafe.Pointer(path)), syscall.O_RDONLY|syscall.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return -1
	}
	return int(fd)
}

func cString(path string) *byte {
	bytes, err := syscall.BytePtrFromString(path)
	if err != nil {
		panic(err)
	}
	return bytes
}
