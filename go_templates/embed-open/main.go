// Opening embedded files: what the first Open costs, what the next ones cost, and what of it is reading the program's own file.
//
// The files, and the file system that holds them, are made by the scenario's levels (files.txtar).
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"

	"${ module }/internal/lab"
)

const (
	files        = ${ defaults.files | go }
	size         = ${ defaults.size | go }
	defaultAsk   = ${ defaults.ask | go }
	defaultPages = ${ defaults.pages | go }

	repetitions = 20
	batch       = 100
)

var (
	ask   = flag.String("ask", defaultAsk, "first or last: which name is opened")
	pages = flag.String("pages", defaultPages, "mapped, cached or dropped: where the program's own file is before the first Open")
)

var numbers = map[string]int{"first": 0, "last": files - 1}

func main() {
	lab.Mark("main")
	flag.Parse()
	number, isName := numbers[*ask]
	prepare, isState := states[*pages]
	if !isName || !isState {
		fmt.Fprintf(os.Stderr, "embed-open: cannot do -ask=%s -pages=%s\n", *ask, *pages)
		os.Exit(2)
	}
	lab.Effective()
	runtime.LockOSThread() // faults are counted by thread
	name := nameOf(number)
	prepare()
	watched("first_open", func() { closed(name) })
	watched("first_read", func() { whole(name) })
	repeated("later_open_ns", func() { closed(name) })
	repeated("later_read_ns", func() { whole(name) })
	lookInside()
	lab.Flush()
}

// nameOf is how the file system calls a file.
func nameOf(number int) string { return fmt.Sprintf("%s%05d.txt", prefix, number) }

// closed opens a file and closes it.
func closed(name string) {
	file, err := open(name)
	check(err)
	check(file.Close())
}

// whole reads a file.
func whole(name string) []byte {
	content, err := read(name)
	check(err)
	if len(content) != size {
		fail(fmt.Sprintf("%s has %d bytes, not %d", name, len(content), size))
	}
	return content
}

// watched observes how long f took, and the page faults of this thread meanwhile: all, and those that had to wait for a disk.
func watched(name string, f func()) {
	before := faults()
	start := lab.Now()
	f()
	end := lab.Now()
	after := faults()
	lab.Observe(name+"_ns", end-start)
	lab.Observe(name+"_faults", after.Minflt+after.Majflt-before.Minflt-before.Majflt)
	lab.Observe(name+"_major_faults", after.Majflt-before.Majflt)
}

// repeated observes how long f takes by itself, many times: it is shorter than reading the clock is exact.
func repeated(name string, f func()) {
	for range repetitions {
		start := lab.Now()
		for range batch {
			f()
		}
		lab.Observe(name, (lab.Now()-start)/batch)
	}
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintf(os.Stderr, "embed-open: %s\n", why)
	os.Exit(1)
}
