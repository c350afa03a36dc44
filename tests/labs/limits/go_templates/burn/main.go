package main

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"${ module }/internal/lab"
)

var (
	spin  = flag.Int64("spin", ${ defaults.spin | go }, "CPU time to use, in nanoseconds")
	touch = flag.Int64("touch", ${ defaults.touch | go }, "bytes to touch")
)

func main() {
	flag.Parse()
	lab.Effective()
	whereabouts()
	lab.Observe("procs", int64(runtime.GOMAXPROCS(0)))
	kept := make([]byte, *touch)
	for i := 0; i < len(kept); i += 4096 {
		kept[i] = 1
	}
	start := time.Now()
	for used() < *spin {
		lab.Spin(1000)
	}
	lab.Observe("took_ns", int64(time.Since(start)))
	lab.Flush()
	runtime.KeepAlive(kept)
}

// whereabouts says what the working folder lies on: the file system's magic number, the layers that have a file there, and
// whether it can be written to.
func whereabouts() {
	var stat syscall.Statfs_t
	syscall.Statfs(".", &stat)
	lab.Observe("fs_type", stat.Type)
	layers, _ := filepath.Glob("layer-*")
	lab.Observe("layers", int64(len(layers)))
	found, _ := filepath.Glob("mine")
	lab.Observe("left_over", int64(len(found)))
	writable := int64(0)
	if os.WriteFile("mine", []byte("x"), 0o600) == nil {
		writable = 1
	}
	lab.Observe("writable", writable)
}

// used is the CPU time of this process.
func used() int64 {
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return ru.Utime.Nano() + ru.Stime.Nano()
}
