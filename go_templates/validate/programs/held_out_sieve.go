package main

import "${ module }/internal/lab"

var _ = add("sieve", sieve)

// sieve: each prime has a goroutine that lets through what it does not divide. What is found is counted on; the filters stay.
func sieve() {
	rounds, primes, work := parameter("rounds", 12), parameter("primes", 40), parameter("work", 2*us)
	took := sampled("round_ns", rounds)
	for r := int64(0); r < rounds; r++ {
		start := lab.Now()
		numbers := make(chan int64)
		over := make(chan bool)
		go func() {
			for n := int64(2); ; n++ {
				select {
				case numbers <- n:
				case <-over:
					return
				}
			}
		}()
		in := numbers
		for i := int64(0); i < primes; i++ {
			prime := <-in
			out := make(chan int64)
			go func(in <-chan int64) {
				for {
					n := <-in
					lab.Work(work)
					if n%prime != 0 {
						select {
						case out <- n:
						case <-over:
							return
						}
					}
				}
			}(in)
			in = out
		}
		took.add(lab.Now() - start)
		close(over)
	}
}
