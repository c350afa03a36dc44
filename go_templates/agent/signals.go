package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// signals are what the environment may have done to a replicate, read before and after it. The files stay
// open and are read at offset 0, each once.
type signals struct {
	version int // of the cgroup files: 1, 2, or 0 where there are none
	limits  limits
	files   []*signalFile
	oom     *signalFile // counts the kills of the memory cgroup
}

// signalFile is a file of counters, and what is wanted of it.
type signalFile struct {
	fd       int
	buffer   []byte
	read     int // so much of buffer was read last
	counters []counter
	rests    func() bool // whether the counters are what they were when this was asked last; nil where nobody knows
}

// counter is a number in a file: the one that stands behind the first occurrence of key, skip fields later.
type counter struct {
	name  string
	key   []byte
	skip  int
	scale int64
}

func openSignals() *signals {
	s := &signals{}
	s.add("/proc/pressure/cpu", counter{"psi_cpu_some_us", []byte("some avg10="), 3, 1})
	s.add("/proc/pressure/memory", counter{"psi_memory_some_us", []byte("some avg10="), 3, 1})
	s.add("/proc/pressure/io", counter{"psi_io_some_us", []byte("some avg10="), 3, 1})
	// cpu user nice system idle iowait irq softirq steal
	s.add("/proc/stat", counter{"steal_ticks", []byte("cpu "), 7, 1})
	s.add("/proc/vmstat", counter{"swap_in_pages", []byte("\npswpin "), 0, 1}, counter{"swap_out_pages", []byte("\npswpout "), 0, 1}).rests = noSwap()

	periods := counter{"throttled_periods", []byte("nr_throttled "), 0, 1}
	memory, processor := cgroupFolders()
	switch {
	case memory.version == 1:
		s.add(filepath.Join(processor.path, "cpu.stat"), periods, counter{"throttled_ns", []byte("throttled_time "), 0, 1})
		s.oom = openSignalFile(filepath.Join(memory.path, "memory.oom_control"))
	case memory.version == 2:
		s.add(filepath.Join(processor.path, "cpu.stat"), periods, counter{"throttled_ns", []byte("throttled_usec "), 0, 1000})
		s.oom = openSignalFile(filepath.Join(memory.path, "memory.events"))
	}
	s.version = memory.version
	s.limits = readLimits(memory, processor)
	return s
}

// add gives the file, which is among those that are read if there is one.
func (s *signals) add(path string, counters ...counter) *signalFile {
	f := openSignalFile(path, counters...)
	if f == nil {
		return &signalFile{}
	}
	s.files = append(s.files, f)
	return f
}

// noSwap says whether there is no swap space, nor was when it was asked last: then no page was swapped in between. To ask
// costs half a microsecond. vmstat, for which the kernel adds up the events of all CPUs, costs ten: as much as all
// the other files.
func noSwap() func() bool {
	none := false
	return func() bool {
		before := none
		var info syscall.Sysinfo_t
		none = syscall.Sysinfo(&info) == nil && info.Totalswap == 0
		return before && none
	}
}

// read gives the signals by name; what cannot be read is absent.
func (s *signals) read() map[string]int64 {
	found := make(map[string]int64, 8)
	for _, f := range s.files {
		content := f.content()
		for _, c := range f.counters {
			if value, ok := c.of(content); ok {
				found[c.name] = value
			}
		}
	}
	return found
}

// oomKills counts the kills in the agent's own cgroup, which replicates share; 0 where nobody counts them.
func (s *signals) oomKills() int64 {
	if s.oom == nil {
		return 0
	}
	value, _ := oomKill.of(s.oom.content())
	return value
}

var oomKill = counter{"", []byte("oom_kill "), 0, 1}

// openSignalFile makes the buffer as long as what is wanted needs. It matters for vmstat: the kernel writes
// numbers only as far as they are read, and the swap counters stand in its first half.
func openSignalFile(path string, counters ...counter) *signalFile {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	const growth = 512 // the numbers before the last one wanted will get longer
	needed := 0
	for _, c := range counters {
		needed = max(needed, bytes.Index(content, c.key)+len(c.key))
	}
	return &signalFile{fd: fd, buffer: make([]byte, needed+growth), counters: counters}
}

// content is what stands in the file now; nil where it cannot be read.
func (f *signalFile) content() []byte {
	if f.rests != nil && f.rests() && f.read > 0 {
		return f.buffer[:f.read]
	}
	n, err := syscall.Pread(f.fd, f.buffer, 0)
	if err != nil || n <= 0 {
		f.read = 0
		return nil
	}
	f.read = n
	return f.buffer[:n]
}

func (c counter) of(content []byte) (int64, bool) {
	at := bytes.Index(content, c.key)
	if at < 0 {
		return 0, false
	}
	fields := bytes.Fields(upToNewline(content[at+len(c.key):]))
	if len(fields) <= c.skip {
		return 0, false
	}
	digits := fields[c.skip]
	if equals := bytes.IndexByte(digits, '='); equals >= 0 {
		digits = digits[equals+1:] // total=123
	}
	value, err := strconv.ParseInt(string(digits), 10, 64)
	return value * c.scale, err == nil
}

func upToNewline(content []byte) []byte {
	if end := bytes.IndexByte(content, '\n'); end >= 0 {
		return content[:end]
	}
	return content
}
