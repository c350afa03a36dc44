package main

import (
	"strconv"

	"${ module }/internal/lab"
)

// record keeps values that go over n operations each, after they have all been taken: keeping one is work, too.
func record(name string, n int, values []int64) {
	if n != 1 {
		name += "/" + strconv.Itoa(n)
	}
	for _, value := range values {
		lab.Observe(name+"_ns", value)
	}
}

// recordCounts keeps values that are no durations.
func recordCounts(name string, values []int64) {
	for _, value := range values {
		lab.Observe(name, value)
	}
}

// timed runs what it is given once uncounted, then again and again; a value each.
func timed(times int, body func()) []int64 {
	body()
	values := make([]int64, times)
	for i := range values {
		start := lab.Now()
		body()
		values[i] = lab.Now() - start
	}
	return values
}

func at(name string, levels ...any) string {
	text := name + "{"
	for i := 0; i < len(levels); i += 2 {
		if i > 0 {
			text += ","
		}
		text += levels[i].(string) + "="
		switch level := levels[i+1].(type) {
		case int:
			text += strconv.Itoa(level)
		case int64:
			text += strconv.FormatInt(level, 10)
		case string:
			text += level
		}
	}
	return text + "}"
}
