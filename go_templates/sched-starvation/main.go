// Goroutines that park, sleep, call the kernel or C, keep a thread, touch memory or never stop, and what another goroutine, the process's CPU time and its threads
// have of it; and requests that arrive whether or not anybody has time for them.
package main

import (
	"flag"
	"fmt"
	"os"

	"${ module }/internal/lab"
)

const (
	defaultPopulation       = ${ defaults.population | go }
	defaultGoroutines int64 = ${ defaults.goroutines | go }
	defaultWindow     int64 = ${ defaults.window | go }
	defaultProbe            = ${ defaults.probe | go }
	defaultEvery      int64 = ${ defaults.every | go }
	defaultService    int64 = ${ defaults.service | go }
)

var (
	population = flag.String("population", defaultPopulation, "what the goroutines do: none, "+names()+"; or serving")
	goroutines = flag.Int64("goroutines", defaultGoroutines, "how many there are")
	window     = flag.Int64("window", defaultWindow, "ns that are looked at")
	probing    = flag.String("probe", defaultProbe, "on: another goroutine sleeps 1 ms again and again; off")
	every      = flag.Int64("every", defaultEvery, "serving: mean ns between two requests")
	service    = flag.Int64("service", defaultService, "serving: ns of work that a request is")
)

func main() {
	flag.Parse()
	_, known := doing(*population, 0)
	if !known && *population != "serving" || *goroutines < 0 || *window <= 0 || *every <= 0 || *service <= 0 || *probing != "on" && *probing != "off" {
		fmt.Fprintf(os.Stderr, "sched-starvation: cannot do -population=%s -goroutines=%d -window=%d -probe=%s -every=%d -service=%d\n",
			*population, *goroutines, *window, *probing, *every, *service)
		os.Exit(2)
	}
	if *population == "cgo" && !hasC {
		fmt.Fprintln(os.Stderr, "sched-starvation: there is no C in this program: build with CGO_ENABLED=1 for -population=cgo")
		os.Exit(2)
	}
	lab.Effective()
	if *population == "serving" {
		serve()
	} else {
		populate()
	}
	lab.Flush()
}
