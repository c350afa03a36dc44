// Command programs is the suite that the simulator's times are judged by (docs/accuracy.md): small programs of many kinds,
// each with a simulated twin of the same name in scenarios/validate. Files named development_… may be looked at while the
// model is made; those named held_out_… are run by golab validate alone.
//
// None collects garbage (GOGC=off); what they observe they keep in slices that were made before, and say at the end.
package main

import (
	"os"
	"strconv"
	"strings"

	"${ module }/internal/lab"
)

var programs = map[string]func(){}

// add makes a program known; each file calls it before main.
func add(name string, run func()) bool {
	programs[name] = run
	return true
}

var (
	asked = option("program", ${ defaults.program | go })
	given = option("given", ${ defaults.given | go })
)

// begun is before every init of this package.
var begun = lab.Now()

func main() {
	run, ok := programs[asked]
	if !ok {
		os.Stderr.WriteString("programs: no program is called " + asked + "\n")
		os.Exit(2)
	}
	run()
	wall := lab.Now() - begun
	lab.Effective()
	lab.Observe("wall_ns", wall)
	for _, each := range seen {
		for _, value := range each.values {
			lab.Observe(each.name, value)
		}
	}
	for name, value := range parameters {
		lab.Observe("parameter_"+name, value)
	}
	lab.Flush()
}

// option reads -name=value from the command line: package flag would do so too late for an init.
func option(name, standard string) string {
	for _, argument := range os.Args[1:] {
		if value, ok := strings.CutPrefix(argument, "-"+name+"="); ok {
			return value
		}
	}
	return standard
}

var parameters = map[string]int64{}

// parameter is a whole number that the program is asked to use (-given=rounds=100+cap=1), or its standard value.
func parameter(name string, standard int64) int64 {
	value := standard
	for _, setting := range strings.Split(given, "+") {
		if text, ok := strings.CutPrefix(setting, name+"="); ok {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				panic("programs: " + setting + " is no whole number")
			}
			value = n
		}
	}
	parameters[name] = value
	return value
}

// samples are observations of one name; add from one goroutine at a time.
type samples struct {
	name   string
	values []int64
}

var seen []*samples

// sampled makes room for so many observations, and touches it: a page fault in the middle would be measured.
func sampled(name string, room int64) *samples {
	s := &samples{name: name, values: make([]int64, room)}
	for i := range s.values {
		s.values[i] = 1
	}
	s.values = s.values[:0]
	seen = append(seen, s)
	return s
}

func (s *samples) add(value int64) { s.values = append(s.values, value) }

// varied is between low and high, for each i another, the same in every process and in the twin.
func varied(i, low, high int64) int64 {
	return low + int64(uint64(uint32(i*2654435761))*uint64(high-low)>>32)
}

const (
	us = int64(1_000)
	ms = int64(1_000_000)
)
