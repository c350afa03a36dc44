package main

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const short = 100 * time.Millisecond

// kept is what nobody may collect while the program waits.
var kept []any

// beside starts what else is in the program, and says whether it knows it.
func beside(what string) bool {
	switch what {
	case "nothing", "cgo":
	case "short_sleeper":
		go time.Sleep(short)
	case "sleeper":
		go time.Sleep(time.Hour)
	case "timer":
		time.AfterFunc(time.Hour, nothing)
	case "timer_channel":
		kept = append(kept, time.NewTimer(time.Hour))
	case "netpoll":
		r, w, err := os.Pipe()
		must(err)
		kept = append(kept, r, w)
		go r.Read(make([]byte, 1))
	case "syscall":
		var ends [2]int
		must(syscall.Pipe(ends[:]))
		go syscall.Read(ends[0], make([]byte, 1))
	case "signals":
		signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1)
	case "locked":
		go func() {
			runtime.LockOSThread()
			select {}
		}()
	default:
		return false
	}
	return true
}

func must(err error) {
	if err != nil {
		usage(err.Error())
	}
}
