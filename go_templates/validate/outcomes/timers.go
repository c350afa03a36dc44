package main

import "time"

const spun = 20 * time.Millisecond

var timers = map[string]func(){
	"after_func_stopped_at_once":         func() { time.AfterFunc(500*time.Millisecond, func() {}).Stop(); block() },
	"after_func_fires_then_deadlock":     func() { time.AfterFunc(300*time.Millisecond, func() {}); block() },
	"after_func_wakes_main":              afterFuncWakes,
	"after_func_blocks":                  func() { time.AfterFunc(100*time.Millisecond, block); block() },
	"after_func_of_an_hour":              func() { time.AfterFunc(time.Hour, func() {}); block() },
	"ticker_unread":                      func() { time.NewTicker(10 * time.Millisecond); block() },
	"ticker_read_once":                   func() { <-time.NewTicker(100 * time.Millisecond).C; block() },
	"ticker_stopped_and_read":            tickerStopped,
	"ticker_read_for_ever":               tickerRead,
	"timer_unread":                       func() { time.NewTimer(time.Hour); block() },
	"timer_stopped_and_read":             timerStopped,
	"timer_read_twice":                   timerReadTwice,
	"after_read":                         func() { <-time.After(100 * time.Millisecond) },
	"after_func_abandoned_1h":            func() { abandonAfterFunc(time.Hour) },
	"after_func_abandoned_500ms":         func() { abandonAfterFunc(500 * time.Millisecond) },
	"after_func_abandoned_by_another":    stoppedByAnother,
	"timer_in_select_abandoned_1h":       func() { abandonTimer(time.Hour) },
	"timer_in_select_abandoned_500ms":    func() { abandonTimer(500 * time.Millisecond) },
	"after_in_select_abandoned_1h":       func() { abandonAfter(time.Hour) },
	"after_in_select_abandoned_500ms":    func() { abandonAfter(500 * time.Millisecond) },
	"after_func_brought_forward":         func() { resetAfterFunc(time.Hour, 300*time.Millisecond) },
	"after_func_put_off":                 func() { resetAfterFunc(300*time.Millisecond, time.Hour) },
	"after_func_put_off_to_600ms":        func() { resetAfterFunc(300*time.Millisecond, 600*time.Millisecond) },
	"sleepers_beside_an_abandoned_timer": sleepersBeside,
}

func afterFuncWakes() {
	done := make(chan int)
	time.AfterFunc(100*time.Millisecond, func() { close(done) })
	<-done
}

func tickerStopped() {
	ticker := time.NewTicker(10 * time.Millisecond)
	ticker.Stop()
	<-ticker.C
}

func tickerRead() {
	for range time.NewTicker(10 * time.Millisecond).C {
	}
}

func timerStopped() {
	timer := time.NewTimer(10 * time.Millisecond)
	timer.Stop()
	<-timer.C
}

func timerReadTwice() {
	timer := time.NewTimer(100 * time.Millisecond)
	<-timer.C
	<-timer.C
}

func abandonAfterFunc(d time.Duration) {
	timer := time.AfterFunc(d, func() {})
	spin(spun)
	timer.Stop()
	block()
}

func stoppedByAnother() {
	timer := time.AfterFunc(500*time.Millisecond, func() {})
	go func() {
		time.Sleep(50 * time.Millisecond)
		timer.Stop()
	}()
	block()
}

func abandonTimer(d time.Duration) {
	leaveSelect(time.NewTimer(d).C)
}

func abandonAfter(d time.Duration) {
	leaveSelect(time.After(d))
}

func leaveSelect(due <-chan time.Time) {
	other := make(chan int)
	go func() {
		spin(spun)
		other <- 1
	}()
	select {
	case <-other:
	case <-due:
	}
	block()
}

func resetAfterFunc(first, second time.Duration) {
	timer := time.AfterFunc(first, func() {})
	spin(spun)
	timer.Reset(second)
	block()
}

func sleepersBeside() {
	timer := time.AfterFunc(500*time.Millisecond, func() {})
	spin(spun)
	timer.Stop()
	go time.Sleep(200 * time.Millisecond)
	block()
}
