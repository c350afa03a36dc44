package main

import (
	"flag"
	"os"
	"os/exec"
	"time"

	"${ module }/internal/lab"
)

var how = flag.String("how", ${ defaults.how | go }, "how it ends")

func main() {
	flag.Parse()
	lab.Effective()
	switch *how {
	case "nonzero":
		os.Stderr.WriteString("it was not to be\n")
		os.Exit(3)
	case "panic":
		panic("boom")
	case "deadlock":
		select {}
	case "hang":
		time.Sleep(time.Hour)
	case "eat":
		var kept [][]byte
		for {
			piece := make([]byte, 1<<20)
			for i := range piece {
				piece[i] = 1
			}
			kept = append(kept, piece)
		}
	case "flood":
		os.Stdout.Write(make([]byte, 1<<20))
	case "orphan":
		if len(flag.Args()) > 0 {
			time.Sleep(time.Hour)
		}
		exec.Command(os.Args[0], "-how=orphan", "child").Start()
	case "nap":
		time.Sleep(200 * time.Millisecond)
	}
//% if defaults.broken == "yes"
	unused := 1
//% endif
	lab.Observe("done", 1)
	lab.Flush()
}
