package main

// block is how many operations of some nanoseconds one reading of the clock goes over; blocks how many such values
// a process gives.
const (
	block  = 500
	blocks = 24
)

// channels, on one P (GOMAXPROCS=1): a send or receive that finds room or a value, and one that is handed over to a
// goroutine that waits. Of the latter a round trip has four operations and two switches (park, schedule, execute).
func channels() {
	buffered := make(chan int, block)
	record("chan_op", 2*block, timed(blocks, func() {
		for i := 0; i < block; i++ {
			buffered <- i
		}
		for i := 0; i < block; i++ {
			<-buffered
		}
	}))
	there, back := make(chan int), make(chan int)
	go func() {
		for v := range there {
			back <- v
		}
	}()
	record("chan_round_trip", block, timed(blocks, func() {
		for i := 0; i < block; i++ {
			there <- i
			<-back
		}
	}))
	close(there)
}

// selects, on one P: where a case is ready, and where the goroutine waits in every queue. A round trip of the latter
// has one such select, three operations on channels and two switches.
func selects() {
	a, b, c, d := make(chan int, block), make(chan int, block), make(chan int, block), make(chan int, block)
	fill := func(chans ...chan int) {
		for _, ch := range chans {
			for len(ch) < block {
				ch <- 1
			}
		}
	}
	ready := func(selects func()) []int64 {
		values := make([]int64, 0, blocks)
		for i := 0; i <= blocks; i++ {
			fill(a, b, c, d)
			values = append(values, timedOnce(selects))
		}
		return values[1:]
	}
	record(at("select", "cases", 2, "how", "ready"), block, ready(func() {
		for i := 0; i < block; i++ {
			select {
			case <-a:
			case <-b:
			}
		}
	}))
	record(at("select", "cases", 4, "how", "ready"), block, ready(func() {
		for i := 0; i < block; i++ {
			select {
			case <-a:
			case <-b:
			case <-c:
			case <-d:
			}
		}
	}))
	there, back := make(chan int), make(chan int)
	never, nor, neither := make(chan int), make(chan int), make(chan int)
	roundTrips := func() {
		for i := 0; i < block; i++ {
			there <- i
			<-back
		}
	}
	go func() {
		for {
			select {
			case v := <-there:
				back <- v
			case <-never:
				return
			}
		}
	}()
	record(at("select_round_trip", "cases", 2), block, timed(blocks, roundTrips))
	never <- 1
	go func() {
		for {
			select {
			case v := <-there:
				back <- v
			case <-never:
				return
			case <-nor:
			case <-neither:
			}
		}
	}()
	record(at("select_round_trip", "cases", 4), block, timed(blocks, roundTrips))
	never <- 1
}
