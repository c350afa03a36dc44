// Command masked is the programs that import what may hide a deadlock.
package main

import (
	"net"
	"os"
	"os/signal"
	"strings"

	"${ module }/internal/lab"
)

var programs = map[string]func(){
	"accept_for_ever":     accept,
	"signals_are_awaited": signals,
}

func main() {
	lab.Effective()
	lab.Flush()
	programs[strings.TrimPrefix(os.Args[1], "-program=")]()
}

func accept() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	listener.Accept()
}

func signals() {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	select {}
}
