package main

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkSignals is what reading the signals before and after a replicate takes, both together, with a process in between as
// the agent starts them: what another process has displaced from the caches is dearer than what was read a moment ago.
func BenchmarkSignals(b *testing.B) {
	s := openSignals()
	took := make([]float64, b.N)
	for i := range took {
		begun := time.Now()
		s.read()
		s.oomKills()
		before := time.Since(begun)
		pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
		if err != nil {
			b.Fatal(err)
		}
		reap(pid, nil, nil)
		begun = time.Now()
		s.read()
		s.oomKills()
		took[i] = float64(before + time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(took[0], "min-ns")
	b.ReportMetric(took[len(took)/2], "median-ns")
}
