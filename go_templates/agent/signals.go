package main

import (
	"bytes"
	"os"
	"path"
	"strconv"
	"strings"
)

// signals are what the environment may have done to a replicate, read before and after it. The files stay
// open and are read at offset 0: that costs a third of opening them anew.
type signals struct {
	version                  int // of the cgroup files: 1, 2, or 0 where there are none
	cpu, memory, io          *os.File
	stat, vmstat             *os.File
	throttling, memoryEvents *os.File
	buffer                   []byte
}

func openSignals() *signals {
	s := &signals{buffer: make([]byte, 64<<10)}
	s.cpu, _ = os.Open("/proc/pressure/cpu")
	s.memory, _ = os.Open("/proc/pressure/memory")
	s.io, _ = os.Open("/proc/pressure/io")
	s.stat, _ = os.Open("/proc/stat")
	s.vmstat, _ = os.Open("/proc/vmstat")
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	groups, _ := os.ReadFile("/proc/self/cgroup")
	if folder := cgroupFolder(string(mounts), string(groups), "memory"); folder != "" {
		s.version = 1
		s.memoryEvents, _ = os.Open(path.Join(folder, "memory.oom_control"))
		s.throttling, _ = os.Open(path.Join(cgroupFolder(string(mounts), string(groups), "cpu"), "cpu.stat"))
	} else if folder := cgroupFolder(string(mounts), string(groups), ""); folder != "" {
		s.version = 2
		s.memoryEvents, _ = os.Open(path.Join(folder, "memory.events"))
		s.throttling, _ = os.Open(path.Join(folder, "cpu.stat"))
	}
	return s
}

// read gives the signals by name; what cannot be read is absent.
func (s *signals) read() map[string]int64 {
	found := make(map[string]int64, 8)
	put := func(name string, file *os.File, key string, scale int64) {
		if value, ok := s.after(file, key); ok {
			found[name] = value * scale
		}
	}
	put("psi_cpu_some_us", s.cpu, "total=", 1)
	put("psi_memory_some_us", s.memory, "total=", 1)
	put("psi_io_some_us", s.io, "total=", 1)
	if s.version == 2 {
		put("throttled_ns", s.throttling, "throttled_usec ", 1000)
	} else {
		put("throttled_ns", s.throttling, "throttled_time ", 1)
	}
	put("throttled_periods", s.throttling, "nr_throttled ", 1)
	put("swap_in_pages", s.vmstat, "\npswpin ", 1)
	put("swap_out_pages", s.vmstat, "\npswpout ", 1)
	if content := s.content(s.stat); content != nil {
		// cpu user nice system idle iowait irq softirq steal, in ticks
		const steal = 8
		if fields := bytes.Fields(content[:bytes.IndexByte(content, '\n')+1]); len(fields) > steal {
			found["steal_ticks"], _ = strconv.ParseInt(string(fields[steal]), 10, 64)
		}
	}
	return found
}

// oomKills counts the kills of this cgroup, or of the machine where the cgroup has no such count.
func (s *signals) oomKills() int64 {
	if value, ok := s.after(s.memoryEvents, "oom_kill "); ok {
		return value
	}
	value, _ := s.after(s.vmstat, "\noom_kill ")
	return value
}

// after gives the number that stands behind key's first occurrence.
func (s *signals) after(file *os.File, key string) (int64, bool) {
	content := s.content(file)
	at := bytes.Index(content, []byte(key))
	if at < 0 {
		return 0, false
	}
	rest := content[at+len(key):]
	end := bytes.IndexAny(rest, " \n")
	if end < 0 {
		end = len(rest)
	}
	value, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	return value, err == nil
}

func (s *signals) content(file *os.File) []byte {
	if file == nil {
		return nil
	}
	n, _ := file.ReadAt(s.buffer, 0)
	if n <= 0 {
		return nil
	}
	return s.buffer[:n]
}

// cgroupFolder is where this process's group of a v1 controller (or, with "", the v2 hierarchy) is mounted.
// A container sees its own group as the mount's root; a host process sees the whole tree.
func cgroupFolder(mountinfo, groups, controller string) string {
	group, ok := groupOf(groups, controller)
	if !ok {
		return ""
	}
	for _, line := range strings.Split(mountinfo, "\n") {
		// 36 35 98:0 /root /mount options … - type source superoptions
		before, after, ok := strings.Cut(line, " - ")
		fields, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(tail) < 3 {
			continue
		}
		v1 := tail[0] == "cgroup" && controller != "" && has(tail[2], controller)
		v2 := tail[0] == "cgroup2" && controller == ""
		if !v1 && !v2 {
			continue
		}
		root := fields[3]
		if root == "/" {
			return path.Join(fields[4], group)
		}
		return path.Join(fields[4], strings.TrimPrefix(group, root))
	}
	return ""
}

// groupOf reads a line of /proc/self/cgroup: 4:memory:/docker/id, or 0::/group in v2.
func groupOf(groups, controller string) (string, bool) {
	for _, line := range strings.Split(groups, "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) == 3 && (parts[1] == controller || controller != "" && has(parts[1], controller)) {
			return parts[2], true
		}
	}
	return "", false
}

func has(list, name string) bool {
	for _, item := range strings.Split(list, ",") {
		if item == name {
			return true
		}
	}
	return false
}
