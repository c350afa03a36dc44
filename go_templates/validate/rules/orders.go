package main

// Orders in which goroutines run with one P.

import (
	"runtime"
	"strconv"
	"sync"
	"time"
)

func ob(x any) {
	switch v := x.(type) {
	case int:
		out += strconv.Itoa(v) + " "
	case bool:
		out += strconv.FormatBool(v) + " "
	case string:
		out += v + " "
	}
}

func name(kind string, numbers ...int) string {
	for _, n := range numbers {
		kind += strconv.Itoa(n)
	}
	return kind
}

func spin(d time.Duration) {
	t := time.Now()
	for time.Since(t) < d {
	}
}

var orders = map[string]func(){
	"runq_overflow": func() {
		var wg sync.WaitGroup
		for i := 0; i < 300; i++ {
			wg.Add(1)
			go func() { ob(i); wg.Done() }()
		}
		wg.Wait()
	},
	"gosched_order": func() {
		var wg sync.WaitGroup
		wg.Add(3)
		for i := 0; i < 3; i++ {
			go func() {
				for j := 0; j < 3; j++ {
					ob(name("", i, j))
					runtime.Gosched()
				}
				wg.Done()
			}()
		}
		wg.Wait()
	},
	"gosched_61": func() {
		ch := make(chan int)
		done := false
		n := 0
		go func() {
			for !done {
				n++
				ch <- 1
			}
			close(ch)
		}()
		go func() {
			for range ch {
			}
		}()
		time.Sleep(time.Millisecond)
		a := n
		runtime.Gosched()
		_ = a
		ob("came back")
		done = true
	},
	"timers_same_check": func() {
		for i := 0; i < 4; i++ {
			time.AfterFunc(time.Millisecond+time.Duration(i)*10*time.Microsecond, func() { ob(i) })
		}
		spin(3 * time.Millisecond)
		time.Sleep(5 * time.Millisecond)
	},
	"sleepers_same_check": func() {
		for i := 0; i < 4; i++ {
			go func() { time.Sleep(time.Millisecond + time.Duration(i)*100*time.Microsecond); ob(i) }()
		}
		runtime.Gosched()
		spin(5 * time.Millisecond)
		time.Sleep(5 * time.Millisecond)
	},
	"ticker_drops": func() {
		const period = 2 * time.Millisecond
		s := time.Now()
		t := time.NewTicker(period)
		spin(9 * time.Millisecond)
		late := int(time.Since(s) / period)
		for i := 0; i < 3; i++ {
			<-t.C
			ob(int(time.Since(s)/period) - late)
		}
	},
	"timer_states": func() {
		t := time.NewTimer(time.Hour)
		ob(t.Stop())
		ob(t.Stop())
		ob(t.Reset(time.Millisecond))
		time.Sleep(3 * time.Millisecond)
		ob(t.Reset(time.Millisecond))
		<-t.C
		ob(t.Stop())
		ob(t.Reset(time.Millisecond))
		time.Sleep(3 * time.Millisecond)
		ob(t.Stop())
		ob(len(t.C))
		f := time.AfterFunc(time.Millisecond, func() { ob("f") })
		time.Sleep(3 * time.Millisecond)
		ob(f.Stop())
		ob(f.Reset(time.Millisecond))
		time.Sleep(3 * time.Millisecond)
	},
	"sleep0": func() { go ob("other"); time.Sleep(0); ob("main"); runtime.Gosched() },
	"unbuf_senders": func() {
		ch := make(chan int)
		for i := 0; i < 5; i++ {
			go func() { ch <- i; ob(name("s", i)) }()
		}
		runtime.Gosched()
		for i := 0; i < 5; i++ {
			ob(<-ch)
		}
		runtime.Gosched()
	},
	"buf_senders": func() {
		ch := make(chan int, 2)
		for i := 0; i < 5; i++ {
			go func() { ch <- i; ob(name("s", i)) }()
		}
		runtime.Gosched()
		for i := 0; i < 5; i++ {
			ob(<-ch)
		}
		runtime.Gosched()
	},
	"cond": func() {
		var m sync.Mutex
		c := sync.NewCond(&m)
		for i := 0; i < 4; i++ {
			go func() { m.Lock(); c.Wait(); ob(i); m.Unlock() }()
			runtime.Gosched()
		}
		c.Signal()
		runtime.Gosched()
		c.Broadcast()
		time.Sleep(time.Millisecond)
	},
	"rw": func() {
		var m sync.RWMutex
		m.RLock()
		go func() { m.Lock(); ob("w"); m.Unlock() }()
		runtime.Gosched()
		for i := 0; i < 3; i++ {
			go func() { m.RLock(); ob(i); m.RUnlock() }()
			runtime.Gosched()
		}
		ob("unlock")
		m.RUnlock()
		time.Sleep(time.Millisecond)
	},
	"wg_reuse": func() {
		var wg sync.WaitGroup
		for r := 0; r < 2; r++ {
			for i := 0; i < 3; i++ {
				wg.Add(1)
				go func() { ob(name("", r, i)); wg.Done() }()
			}
			wg.Wait()
			ob("done")
		}
	},
	"once_waiters": func() {
		var o sync.Once
		for i := 0; i < 4; i++ {
			go func() { o.Do(func() { ob(name("f", i)); time.Sleep(time.Millisecond) }); ob(i) }()
		}
		time.Sleep(5 * time.Millisecond)
	},
	"locked_gosched": func() {
		runtime.LockOSThread()
		for i := 0; i < 3; i++ {
			go ob(i)
		}
		runtime.Gosched()
		ob("main")
	},
	"select_close": func() {
		a, b := make(chan int), make(chan int)
		for i := 0; i < 3; i++ {
			go func() {
				select {
				case <-a:
					ob(name("a", i))
				case <-b:
					ob(name("b", i))
				}
			}()
			runtime.Gosched()
		}
		a <- 1
		runtime.Gosched()
		close(b)
		runtime.Gosched()
	},
	"chain_inherits": func() {
		a := make(chan int)
		stop := time.Now().Add(100 * time.Millisecond)
		n := 0
		go func() {
			for range a {
			}
		}()
		go func() {
			for time.Now().Before(stop) {
				n++
				runtime.Gosched()
			}
		}()
		for time.Now().Before(stop) {
			a <- 1
		}
		ob(n > 0)
		ob(n < 20)
	},
	"yield_handoff": func() {
		var m sync.Mutex
		m.Lock()
		for i := 0; i < 3; i++ {
			go func() { m.Lock(); ob(i); m.Unlock() }()
		}
		runtime.Gosched()
		spin(3 * time.Millisecond)
		m.Unlock()
		ob("u1")
		m.Lock()
		ob("main again")
		m.Unlock()
		runtime.Gosched()
	},
	"afterfunc_order": func() {
		go ob("g")
		time.AfterFunc(0, func() { ob("af") })
		runtime.Gosched()
		ob("m")
		runtime.Gosched()
		runtime.Gosched()
	},
	"after0": func() { go ob("g"); <-time.After(0); ob("m"); runtime.Gosched() },
	"go_order": func() {
		for i := 0; i < 6; i++ {
			go ob(i)
		}
		runtime.Gosched()
	},
	"close_order": func() {
		ch := make(chan int)
		waiters(func() { <-ch })
		close(ch)
		runtime.Gosched()
	},
	"wg_waiters": func() {
		var wg sync.WaitGroup
		wg.Add(1)
		waiters(wg.Wait)
		wg.Done()
		runtime.Gosched()
	},
	"rw_readers": func() {
		var m sync.RWMutex
		m.Lock()
		waiters(m.RLock)
		m.Unlock()
		runtime.Gosched()
	},
	"tick_61": func() {
		ran := 0
		for i := 0; i < 200; i++ {
			go func() { ran++ }()
		}
		runtime.Gosched()
		ob(ran <= 61)
	},
	"select_is_random": func() {
		one, other := make(chan int, 1), make(chan int, 1)
		first := 0
		for i := 0; i < 1000; i++ {
			select {
			case one <- 1:
			default:
			}
			select {
			case other <- 1:
			default:
			}
			select {
			case <-one:
				first++
			case <-other:
			}
		}
		ob(400 < first && first < 600)
	},
}

// waiters starts six that wait one after the other, each seen when it has waited.
func waiters(wait func()) {
	for i := 0; i < 6; i++ {
		go func() { wait(); ob(i) }()
		runtime.Gosched()
	}
}
