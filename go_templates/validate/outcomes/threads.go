package main

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

var threads = map[string]func(){
	"call_for_ever":                    readForEver,
	"call_for_ever_beside_main":        func() { go readForEver(); block() },
	"call_returns_then_deadlock":       func() { go nanosleep(300 * time.Millisecond); block() },
	"network_for_ever":                 pollForEver,
	"network_for_ever_beside_main":     func() { go pollForEver(); block() },
	"network_and_a_sleeper":            networkAndSleeper,
	"locked_main_blocks":               func() { runtime.LockOSThread(); block() },
	"locked_main_goexits":              func() { runtime.LockOSThread(); runtime.Goexit() },
	"locked_main_goexits_beside":       lockedGoexitBeside,
	"locked_goroutine_blocks":          func() { go lockedBlock(); block() },
	"locked_goroutine_exits":           lockedExits,
	"locked_goroutine_exits_then_dead": lockedExitsThenDead,
	"locked_goroutines_exit":           lockedGoroutinesExit,
	"locked_goroutines_hand_over":      lockedHandOver,
}

func readForEver() {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	syscall.Read(ends[0], make([]byte, 1))
	runtime.KeepAlive(ends)
}

func nanosleep(d time.Duration) {
	left := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}

func pollForEver() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	r.Read(make([]byte, 1))
	runtime.KeepAlive(w)
}

func networkAndSleeper() {
	go pollForEver()
	go time.Sleep(100 * time.Millisecond)
	block()
}

func lockedGoexitBeside() {
	done := make(chan int)
	go func() {
		time.Sleep(50 * time.Millisecond)
		spin(5 * time.Millisecond)
		<-done
	}()
	runtime.LockOSThread()
	runtime.Goexit()
}

func lockedBlock() {
	runtime.LockOSThread()
	block()
}

func lockedExits() {
	done := make(chan int)
	go func() {
		runtime.LockOSThread()
		time.Sleep(20 * time.Millisecond)
		close(done)
	}()
	<-done
	time.Sleep(50 * time.Millisecond)
}

func lockedExitsThenDead() {
	go func() {
		runtime.LockOSThread()
		time.Sleep(100 * time.Millisecond)
	}()
	block()
}

func lockedGoroutinesExit() {
	var wg sync.WaitGroup
	for range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.LockOSThread()
			time.Sleep(20 * time.Millisecond)
		}()
	}
	wg.Wait()
	time.Sleep(50 * time.Millisecond)
	found, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	println(len(found))
}

func lockedHandOver() {
	runtime.LockOSThread()
	c := make(chan int)
	go func() {
		runtime.LockOSThread()
		for i := range 20 {
			c <- i
		}
		close(c)
	}()
	for range c {
	}
}

func timerOfInit() {
	time.AfterFunc(100*time.Millisecond, func() {})
	block()
}
