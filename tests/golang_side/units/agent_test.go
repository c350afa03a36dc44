package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What /proc/self/mountinfo and /proc/self/cgroup show, as recorded in each kind of place.
func TestCgroupFoldersAreFoundWhereverTheyAreMounted(t *testing.T) {
	for name, c := range map[string]struct {
		mountinfo, groups, controller string
		first                         string
	}{
		"v1, on a host": {
			"30 25 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
			"4:memory:/user.slice\n0::/user.slice\n", "memory", "/sys/fs/cgroup/memory/user.slice",
		},
		"v1, in a container without a cgroup namespace": {
			"700 690 0:26 /docker/5d81 /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime master:9 - cgroup cgroup rw,memory",
			"4:memory:/docker/5d81\n", "memory", "/sys/fs/cgroup/memory",
		},
		"v1, two controllers on one mount": {
			"31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
			"2:cpu,cpuacct:/a\n", "cpu", "/sys/fs/cgroup/cpu,cpuacct/a",
		},
		"v2, on a host": {
			"35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot",
			"0::/user.slice/session.scope\n", "", "/sys/fs/cgroup/user.slice/session.scope",
		},
		"v2, in a container with a cgroup namespace": {
			"900 890 0:30 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate",
			"0::/\n", "", "/sys/fs/cgroup",
		},
		"v2, in a container without one": {
			"900 890 0:30 /system.slice/docker-5d81.scope /sys/fs/cgroup ro - cgroup2 cgroup rw",
			"0::/system.slice/docker-5d81.scope\n", "", "/sys/fs/cgroup",
		},
		"nowhere": {"22 1 0:20 / /proc rw - proc proc rw", "0::/\n", "memory", ""},
	} {
		found := append(candidates(c.mountinfo, c.groups, c.controller), "")
		if found[0] != c.first {
			t.Errorf("%s: %q, not %q", name, found[0], c.first)
		}
	}
}

func TestCountersAreReadByKeyAndInTheirUnit(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := &signals{}
	s.add(write("cpu", "some avg10=0.11 avg60=0.10 avg300=0.09 total=123456\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n"),
		counter{"psi", []byte("some avg10="), 3, 1})
	s.add(write("stat", "cpu  10 20 30 40 50 60 70 80 90 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n"), counter{"steal", []byte("cpu "), 7, 1})
	s.add(write("cpu.stat", "usage_usec 7\nnr_periods 4\nnr_throttled 2\nthrottled_usec 15\n"),
		counter{"periods", []byte("nr_throttled "), 0, 1}, counter{"ns", []byte("throttled_usec "), 0, 1000})
	s.add(write("empty", ""), counter{"absent", []byte("x "), 0, 1})
	s.add(filepath.Join(folder, "missing"), counter{"absent too", []byte("x "), 0, 1})

	want := map[string]int64{"psi": 123456, "steal": 80, "periods": 2, "ns": 15000}
	if got := s.read(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// What rests is read once, and again when it no longer does.
func TestCountersThatRestAreNotReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vmstat")
	write := func(n string) {
		if err := os.WriteFile(path, []byte("pswpin "+n+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("7")
	s := &signals{}
	rests := true
	s.add(path, counter{"in", []byte("pswpin "), 0, 1}).rests = func() bool { return rests }
	for _, c := range []struct {
		content string
		rests   bool
		want    int64
	}{{"7", true, 7}, {"8", true, 7}, {"9", false, 9}, {"9", true, 9}} {
		write(c.content)
		rests = c.rests
		if got := s.read()["in"]; got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// A machine without swap space says so from the second time on, one with it never.
func TestSwapIsNoneOnlyWhereItWasNoneBefore(t *testing.T) {
	content, err := os.ReadFile("/proc/swaps")
	if err != nil {
		t.Fatal(err)
	}
	none := bytes.Count(content, []byte("\n")) == 1 // the heading
	rests := noSwap()
	for i, want := range []bool{false, none, none} {
		if got := rests(); got != want {
			t.Errorf("asked for the %d. time: %v, not %v", i+1, got, want)
		}
	}
}

func TestKillsAreCountedInBothVersions(t *testing.T) {
	for content, want := range map[string]int64{
		"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n":               3,
		"low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\noom_group_kill 0\n": 1,
		"low 0\nhigh 0\nmax 5\noom 2\n":                               0,
	} {
		if got, _ := oomKill.of([]byte(content)); got != want {
			t.Errorf("%q: %d, not %d", content, got, want)
		}
	}
}

func TestThisProcessIsFoundInProc(t *testing.T) {
	p, ok := look(os.Getpid())
	if !ok || p.parent != os.Getppid() || p.started == "" {
		t.Errorf("%+v, %v; the parent is %d", p, ok, os.Getppid())
	}
}

func TestOnlyWholeLinesAreKept(t *testing.T) {
	p := &pipe{kept: []byte("one\n\ntw"), total: 99}
	lines, dropped := p.split()
	if !reflect.DeepEqual(lines, []string{"one"}) || dropped != 1 {
		t.Errorf("%q, %d dropped", lines, dropped)
	}
}

// A dump's first word may be read in two pieces, wherever it is split: the dump is kept from its first byte on, beyond the stream's own limit.
func TestADumpIsFoundWhoseFirstWordIsReadInPieces(t *testing.T) {
	for _, word := range dumpWords {
		for _, before := range []string{"", "said\n"} {
			whole := before + word + "why\n\ngoroutine 1 [running]:\n"
			for at := 0; at <= len(before+word); at++ {
				kept := readInPieces(t, len(before), whole[:at], whole[at:])
				if kept != whole {
					t.Errorf("%q and then %q: %q was kept", whole[:at], whole[at:], kept)
				}
			}
		}
		kept := readInPieces(t, 0, word[:1], word[1:2], word[2:]+"why")
		if kept != word+"why" {
			t.Errorf("%q in three pieces: %q was kept", word, kept)
		}
	}
}

// What only began like one, or stands in the middle of a line, is none: the stream is kept as far as its limit, in its order.
func TestWhatOnlyBeginsLikeADumpIsKeptAsAnyOutput(t *testing.T) {
	for _, pieces := range [][]string{
		{"a\npan", "cake: 1\n"},
		{"a\nfatal error:", "\nb\n"},
		{"a\nSIG"},
		{"no ", "panic: at all\n"},
		{"no pan", "ic: at all\n"},
		{"panicpanic", ": b\n"},
		{"p", "p", "p"},
	} {
		whole := strings.Join(pieces, "")
		for limit := range len(whole) + 1 {
			if kept := readInPieces(t, limit, pieces...); kept != whole[:limit] {
				t.Errorf("%q: %q was kept, not %q", pieces, kept, whole[:limit])
			}
		}
	}
}

// readInPieces gives what a pipe kept of pieces that were read one by one.
func readInPieces(t *testing.T, limit int, pieces ...string) string {
	t.Helper()
	p, err := openPipe(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(p.reader)
	p.dump = 1 << 20
	total := 0
	for _, piece := range pieces {
		if piece == "" {
			continue // there would be nothing to read
		}
		if _, err := syscall.Write(p.writer, []byte(piece)); err != nil {
			t.Fatal(err)
		}
		if !p.read() {
			t.Fatalf("%q: the end was read", pieces)
		}
		total += len(piece)
	}
	syscall.Close(p.writer)
	if p.read() {
		t.Fatalf("%q: no end was read", pieces)
	}
	if p.total != int64(total) {
		t.Errorf("%q: %d bytes were counted", pieces, p.total)
	}
	return string(p.kept)
}

// The limits of a group as each version of its files tells them; recorded.
func TestLimitsAreReadInEitherVersion(t *testing.T) {
	for name, c := range map[string]struct {
		version int
		files   map[string]string
		want    limits
	}{
		"v1": {1, map[string]string{
			"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n", "memory.limit_in_bytes": "67108864\n",
		}, limits{QuotaUs: 50000, PeriodUs: 100000, MemoryBytes: 64 << 20}},
		"v1, unlimited": {1, map[string]string{
			"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n", "memory.limit_in_bytes": "9223372036854771712\n",
		}, limits{PeriodUs: 100000}},
		"v2":            {2, map[string]string{"cpu.max": "150000 100000\n", "memory.max": "67108864\n"}, limits{QuotaUs: 150000, PeriodUs: 100000, MemoryBytes: 64 << 20}},
		"v2, unlimited": {2, map[string]string{"cpu.max": "max 100000\n", "memory.max": "max\n"}, limits{PeriodUs: 100000}},
		"nothing":       {1, nil, limits{}},
		"no groups":     {0, map[string]string{"cpu.max": "1 1\n"}, limits{}},
	} {
		folder := t.TempDir()
		for file, content := range c.files {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		group := cgroup{folder, c.version}
		found := readLimits(group, group)
		if found.CPUs == "" {
			t.Errorf("%s: the agent may use no CPU", name)
		}
		found.CPUs = ""
		if found != c.want {
			t.Errorf("%s: %+v, not %+v", name, found, c.want)
		}
	}
}

// Without a quota there is nothing to wait for; with one, a period in which nothing was throttled.
func TestSettlingWaitsForAPeriodWithoutThrottling(t *testing.T) {
	if waited := (&signals{}).settle(); waited != 0 {
		t.Errorf("waited %v without a quota", waited)
	}
	path := filepath.Join(t.TempDir(), "cpu.stat")
	stat := func(n string) {
		if err := os.WriteFile(path, []byte("nr_throttled "+n+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	}
	stat("10")
	s := &signals{limits: limits{QuotaUs: 1000, PeriodUs: 50000}}
	s.add(path, counter{"throttled_periods", []byte("nr_throttled "), 0, 1})
	go func() {
		time.Sleep(25 * time.Millisecond) // in the middle of the first period
		stat("11")
	}()
	if waited := s.settle(); waited < 100*time.Millisecond || waited > time.Second {
		t.Errorf("waited %v for periods of 50 ms, of which the first was throttled", waited)
	}
}
