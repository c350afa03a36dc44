package main

import (
	"time"
)

// settleAtMost bounds the wait for an unthrottled period: what else runs in the group may never leave one.
const settleAtMost = 3 * time.Second

// settle waits until a whole period of the CPU quota has passed in which nothing was throttled, and says how long that
// took. A replicate that starts earlier pays for its predecessor: the group's quota is spent, and a program of 1.3 ms was
// seen to take 56 ms at half a CPU. Where there is no quota there is nothing to wait for.
func (s *signals) settle() time.Duration {
	period := time.Duration(s.limits.PeriodUs) * time.Microsecond
	if s.limits.QuotaUs <= 0 || period <= 0 {
		return 0
	}
	begun := time.Now()
	for time.Since(begun) < settleAtMost {
		before := s.throttled()
		time.Sleep(period)
		if s.throttled() == before {
			break
		}
	}
	return time.Since(begun)
}

// throttled counts the periods in which the agent's group had to wait.
func (s *signals) throttled() int64 { return s.read()["throttled_periods"] }
