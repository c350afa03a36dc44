package main

import (
	"bytes"
	"syscall"
	"unsafe"
)

// output collects what a replicate writes: on standard output, on standard error, and the lines of its own
// on descriptor 3. One goroutine polls all three pipes, and it sleeps in poll before the replicate starts:
// three goroutines and the runtime's own poller would wake threads in the middle of a start.
type output struct {
	null           int
	stdout, stderr *pipe
	lines          *pipe
	drained        chan struct{}
}

// pipe keeps the first limit bytes and goes on reading: a program that writes too much is not blocked by it.
type pipe struct {
	reader, writer int
	kept           []byte
	limit          int
	total          int64
	dump           int    // bytes more that are kept from the first line on that a dump begins with
	within         bool   // what was read last is not the end of a line
	undecided      []byte // the end of what was read, where it may be the beginning of such a line; not kept yet
}

func openOutput(o order) (*output, error) {
	out := &output{null: -1, drained: make(chan struct{})}
	var err error
	if out.null, err = syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err != nil {
		return nil, err
	}
	if out.stdout, err = openPipe(o.OutputLimit); err == nil {
		if out.stderr, err = openPipe(o.OutputLimit); err == nil {
			out.lines, err = openPipe(o.LineLimit)
		}
	}
	if err == nil {
		out.stderr.dump = o.DumpLimit
	}
	if err != nil {
		out.closeChildFiles()
		for _, p := range out.pipes() {
			syscall.Close(p.reader)
		}
		return nil, err
	}
	return out, nil
}

func openPipe(limit int) (*pipe, error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	return &pipe{reader: ends[0], writer: ends[1], kept: []byte{}, limit: limit}, nil
}

// pipes are those that are open.
func (out *output) pipes() []*pipe {
	open := make([]*pipe, 0, 3)
	for _, p := range []*pipe{out.stdout, out.stderr, out.lines} {
		if p != nil {
			open = append(open, p)
		}
	}
	return open
}

// childFiles are the child's descriptors 0 to 3.
func (out *output) childFiles() []uintptr {
	return []uintptr{uintptr(out.null), uintptr(out.stdout.writer), uintptr(out.stderr.writer), uintptr(out.lines.writer)}
}

func (out *output) closeChildFiles() {
	syscall.Close(out.null)
	for _, p := range out.pipes() {
		syscall.Close(p.writer)
	}
}

// start reads until nobody holds a pipe's other end.
func (out *output) start() {
	go func() {
		defer close(out.drained)
		drain(out.pipes())
	}()
}

func (out *output) wait() { <-out.drained }

// chunk is what is read at once: the capacity of a pipe, less what was undecided. Only one output is drained at a time.
var chunk [64 << 10]byte

func drain(pipes []*pipe) {
	type pollFD struct {
		fd      int32
		events  int16
		revents int16
	}
	const pollIn = 1
	for len(pipes) > 0 {
		polled := make([]pollFD, len(pipes))
		for i, p := range pipes {
			polled[i] = pollFD{fd: int32(p.reader), events: pollIn}
		}
		_, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(&polled[0])), uintptr(len(polled)), ^uintptr(0))
		if errno != 0 {
			continue // EINTR
		}
		open := pipes[:0]
		for i, p := range pipes {
			if polled[i].revents == 0 || p.read() {
				open = append(open, p)
			} else {
				syscall.Close(p.reader)
			}
		}
		pipes = open
	}
}

// read takes what is there and says whether more may come.
func (p *pipe) read() bool {
	before := copy(chunk[:], p.undecided)
	n, err := syscall.Read(p.reader, chunk[before:])
	if err == syscall.EINTR {
		return true
	}
	p.undecided = p.undecided[:0]
	if n <= 0 {
		p.keep(chunk[:before])
		return false
	}
	p.total += int64(n)
	got := chunk[:before+n]
	if p.dump > 0 {
		got = p.seek(got)
	}
	p.keep(got)
	return true
}

// seek looks for the beginning of a dump, from which on more is kept, and gives what of a chunk is to be kept next.
func (p *pipe) seek(got []byte) []byte {
	if at := dumpIn(got, p.within); at >= 0 {
		p.keep(got[:at])
		p.limit, p.dump = len(p.kept)+p.dump, 0
		return got[at:]
	}
	decided := undecidedIn(got, p.within)
	p.undecided = append(p.undecided, got[decided:]...)
	p.within = decided == len(got) && got[len(got)-1] != '\n'
	return got[:decided]
}

func (p *pipe) keep(got []byte) { p.kept = append(p.kept, got[:min(len(got), p.limit-len(p.kept))]...) }

// dumpWords are those with which Go begins to tell of its end.
var dumpWords = [...]string{"SIGQUIT: ", "fatal error: ", "panic: "}

// dumpIn says where in a chunk the first line stands that begins with such a word, or -1.
func dumpIn(got []byte, within bool) int {
	first := -1
	for _, word := range dumpWords {
		at := bytes.Index(got, []byte("\n"+word)) + 1
		if !within && bytes.HasPrefix(got, []byte(word)) {
			at = 0
		} else if at == 0 {
			continue
		}
		if first < 0 || at < first {
			first = at
		}
	}
	return first
}

// undecidedIn says where the last line of a chunk begins, if it may go on as such a word, else where the chunk ends: what a program writes
// at once may be read in two pieces.
func undecidedIn(got []byte, within bool) int {
	last := bytes.LastIndexByte(got, '\n') + 1
	if last == 0 && within {
		return len(got)
	}
	for _, word := range dumpWords {
		if bytes.HasPrefix([]byte(word), got[last:]) {
			return last
		}
	}
	return len(got)
}

func (p *pipe) stream() stream { return stream{Base64: p.kept, Bytes: p.total} }

// split gives the whole lines that were kept; dropped is 1 where bytes went over the limit, because how many
// lines those were is not known.
func (p *pipe) split() (lines []string, dropped int) {
	kept := p.kept
	if p.total > int64(len(kept)) {
		dropped = 1
		kept = kept[:bytes.LastIndexByte(kept, '\n')+1]
	}
	lines = []string{}
	for _, line := range bytes.Split(kept, []byte{'\n'}) {
		if len(line) > 0 {
			lines = append(lines, string(line))
		}
	}
	return lines, dropped
}
