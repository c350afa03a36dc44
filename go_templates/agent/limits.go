package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// limits are those of the agent's own group, as the kernel has them: what was asked for is one thing, what took effect
// another. Zero is no limit, or none that can be read.
type limits struct {
	QuotaUs     int64  `json:"quota_us"`
	PeriodUs    int64  `json:"period_us"`
	MemoryBytes int64  `json:"memory_bytes"`
	CPUs        string `json:"cpus"`
}

// unlimited is what version 1 says of memory without a limit: the largest page-aligned number, and more than any machine has.
const unlimited = 1 << 60

func readLimits(memory, processor cgroup) limits {
	var l limits
	switch processor.version {
	case 1:
		l.QuotaUs = numberIn(processor.path, "cpu.cfs_quota_us")
		l.PeriodUs = numberIn(processor.path, "cpu.cfs_period_us")
	case 2:
		// "50000 100000", or "max 100000"
		if fields := strings.Fields(textIn(processor.path, "cpu.max")); len(fields) == 2 {
			l.QuotaUs, _ = strconv.ParseInt(fields[0], 10, 64)
			l.PeriodUs, _ = strconv.ParseInt(fields[1], 10, 64)
		}
	}
	l.QuotaUs = max(l.QuotaUs, 0) // -1 is no quota
	switch memory.version {
	case 1:
		l.MemoryBytes = numberIn(memory.path, "memory.limit_in_bytes")
	case 2:
		l.MemoryBytes = numberIn(memory.path, "memory.max")
	}
	if l.MemoryBytes >= unlimited {
		l.MemoryBytes = 0
	}
	l.CPUs = allowedCPUs()
	return l
}

// allowedCPUs is the agent's own affinity, which its replicates inherit; a cpuset narrows it whatever its version.
func allowedCPUs() string {
	const key = "\nCpus_allowed_list:\t"
	_, after, _ := strings.Cut(textIn("/proc/self", "status"), key)
	list, _, _ := strings.Cut(after, "\n")
	return list
}

func numberIn(folder, name string) int64 {
	number, _ := strconv.ParseInt(strings.TrimSpace(textIn(folder, name)), 10, 64)
	return number
}

func textIn(folder, name string) string {
	content, _ := os.ReadFile(filepath.Join(folder, name))
	return string(content)
}
