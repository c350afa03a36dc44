package main

import (
	"flag"

	"${ module }/internal/lab"
)

var length = flag.String("length", ${ defaults.length | go }, "on what it waits")

func main() {
	flag.Parse()
	lab.Effective()
	lab.Flush()
	if *length == "channel" {
		<-make(chan int)
	}
	select {}
}
