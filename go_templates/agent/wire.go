package main

import (
	"bytes"
	"encoding/json"
	"os"
	"sync"
)

// wire is the version that both ends must speak (docs/wire.md).
const wire = 2

type order struct {
	Op          string   `json:"op"`
	Wire        int      `json:"wire"`
	SilenceNs   int64    `json:"silence_ns"`
	ID          string   `json:"id"`
	Argv        []string `json:"argv"`
	Env         []string `json:"env"`
	Dir         string   `json:"dir"`
	TimeoutNs   int64    `json:"timeout_ns"`
	StopAfterNs int64    `json:"stop_after_ns"`
	DumpAfterNs int64    `json:"dump_after_ns"`
	OutputLimit int      `json:"output_limit"`
	LineLimit   int      `json:"line_limit"`
	DumpLimit   int      `json:"dump_limit"`
	Settle      bool     `json:"settle"`
	Hold        bool     `json:"hold"`
}

// flaw says what makes an order to run impossible to carry out, or is empty.
func (o order) flaw() string {
	switch {
	case len(o.Argv) == 0:
		return "argv is empty"
	case o.TimeoutNs <= 0:
		return "timeout_ns is not positive"
	case o.StopAfterNs < 0:
		return "stop_after_ns is negative"
	case o.DumpAfterNs < 0:
		return "dump_after_ns is negative"
	case o.OutputLimit < 0 || o.LineLimit < 0 || o.DumpLimit < 0:
		return "a limit is negative"
	}
	return ""
}

type hello struct {
	Event  string `json:"ev"`
	Wire   int    `json:"wire"`
	PID    int    `json:"pid"`
	Init   bool   `json:"init"`
	Cgroup int    `json:"cgroup"`
	Limits limits `json:"limits"`
	// Captures: what is measured is kept in a file before anybody is told, so that answers may wait.
	Captures bool   `json:"captures"`
	Go       string `json:"go"`
}

type failure struct {
	Event   string `json:"ev"`
	Message string `json:"message"`
}

type done struct {
	Event        string           `json:"ev"`
	ID           string           `json:"id"`
	Error        string           `json:"error"`
	ExitCode     int              `json:"exit_code"`
	Signal       int              `json:"signal"`
	TimedOut     bool             `json:"timed_out"`
	AskedToEnd   bool             `json:"asked_to_end"`
	DumpAskedNs  int64            `json:"dump_asked_ns"`
	Stopped      bool             `json:"stopped"`
	OOMKills     int64            `json:"oom_kills"`
	StartNs      int64            `json:"start_ns"`
	EndNs        int64            `json:"end_ns"`
	StartedAtNs  int64            `json:"started_at_ns"`
	Usage        usage            `json:"usage"`
	Stdout       stream           `json:"stdout"`
	Stderr       stream           `json:"stderr"`
	Lines        []string         `json:"lines"`
	LinesDropped int              `json:"lines_dropped"`
	Before       map[string]int64 `json:"before"`
	After        map[string]int64 `json:"after"`
	Ended        int              `json:"ended"`
	WaitedNs     int64            `json:"waited_ns"`
}

type usage struct {
	UserNs              int64 `json:"user_ns"`
	SystemNs            int64 `json:"system_ns"`
	MaxRSSBytes         int64 `json:"max_rss_bytes"`
	MinorFaults         int64 `json:"minor_faults"`
	MajorFaults         int64 `json:"major_faults"`
	VoluntarySwitches   int64 `json:"voluntary_switches"`
	InvoluntarySwitches int64 `json:"involuntary_switches"`
}

type stream struct {
	Base64 []byte `json:"base64"`
	Bytes  int64  `json:"bytes"`
}

// noDone is the answer about a replicate of which nothing is known yet: lists and objects are empty, never null.
func noDone(id string) *done {
	nothing := func() stream { return stream{Base64: []byte{}} }
	return &done{
		Event: "done", ID: id, ExitCode: -1, Stdout: nothing(), Stderr: nothing(), Lines: []string{},
		Before: map[string]int64{}, After: map[string]int64{},
	}
}

// separated is an event as one line, with the end of another before it.
func separated(event any) []byte {
	var written bytes.Buffer
	written.WriteByte('\n')
	if err := json.NewEncoder(&written).Encode(event); err != nil { // it ends what it writes with a newline
		panic(err) // our own types always marshal
	}
	return written.Bytes()
}

// lineOf is an event as one line.
func lineOf(event any) []byte { return separated(event)[1:] }

var writing sync.Mutex

// write puts whole lines on standard output.
func write(lines []byte) error {
	writing.Lock()
	defer writing.Unlock()
	_, err := os.Stdout.Write(lines)
	return err
}
