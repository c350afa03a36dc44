// What go build makes of a one-line program, and how long it takes: the driver builds it in an empty folder with
// an empty cache, looks at what came out, and builds again. The build is what is measured, not the program.
package main

import (
	"flag"
	"fmt"
	"os"

	"${ module }/internal/lab"
)

const (
	defaultMode    = ${ defaults.mode | go }
	defaultTarget  = ${ defaults.target | go }
	defaultImports = ${ defaults.imports | go }
	goLine         = "${ go_line }"
)

var (
	mode    = flag.String("mode", defaultMode, "build, stages or linking")
	target  = flag.String("target", defaultTarget, "GOOS_GOARCH to build for; native: neither is set")
	imports = flag.String("imports", defaultImports, "what the program imports: none, fmt, user (os/user) or net")
)

var modes = map[string]func(*bench){"build": build, "stages": stages, "linking": linking}

func main() {
	if folder := os.Getenv(toolsFolder); folder != "" {
		os.Exit(asTool(folder, os.Args[1:])) // started by go build, in place of one of its tools
	}
	flag.Parse()
	run, ok := modes[*mode]
	known := *target == native || formats[*target] != nil
	if !ok || !known || programs[*imports] == "" || *mode != "build" && *target != native {
		fmt.Fprintf(os.Stderr, "hello-static: cannot do -mode=%s -target=%s -imports=%s\n", *mode, *target, *imports)
		os.Exit(2)
	}
	lab.Effective()
	b, err := newBench()
	if err == nil {
		err = b.carryOut(run)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "hello-static: %v\n", err)
		os.Exit(1)
	}
	lab.Flush()
}

func observe(name string, is bool) {
	value := int64(0)
	if is {
		value = 1
	}
	lab.Observe(name, value)
}
